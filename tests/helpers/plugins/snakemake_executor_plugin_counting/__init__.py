"""An executor for dry runs: they plan as for a cluster, and print each submission as a line of JSON."""

import json
from typing import Any

from snakemake.executors import dryrun
from snakemake.resources import GroupResources
from snakemake_interface_executor_plugins.executors.remote import RemoteExecutor
from snakemake_interface_executor_plugins.settings import CommonSettings

common_settings = CommonSettings(non_local_exec=True, implies_no_shared_fs=False, job_deploy_sources=False)
PREFIX = "submission: "
run_dry, add_up = dryrun.Executor.run_job, GroupResources.basic_layered


class Executor(RemoteExecutor):
    """Is never started: a dry run has an executor of its own, which is told below to say what it is given."""


def run_and_say(self: Any, job: Any) -> None:
    """Print a job or a group as it would be submitted; rules that Snakemake runs itself are not."""
    jobs = list(job.jobs) if job.is_group() else [job]
    if job.is_group() or not (job.rule.name in self.workflow._localrules or job.rule.norun):
        submission = {
            "group": job.groupid if job.is_group() else "",
            "rules": sorted(one.rule.name for one in jobs),
            "threads": job.threads,
            # As text, in one argument of a command.
            "targets": " ".join(map(str, job.get_target_spec())),
            # Of each job those that it waits for, and whether it does so for `ancient` files alone.
            "needs": {
                one.jobid: {
                    before.jobid: all(file.is_ancient for file in files)
                    for before, files in self.workflow.dag.dependencies[one].items()
                }
                for one in jobs
            },
            "resources": {name: value for name, value in job.resources.items() if isinstance(value, int)},
        }
        print(PREFIX + json.dumps(submission), flush=True)
    run_dry(self, job)


def add_up_on_cluster(*arguments: Any, **settings: Any) -> Any:
    """Return what a group asks of a cluster, not of this machine."""
    return add_up(*arguments, **settings | {"run_local": False})


dryrun.Executor.run_job = run_and_say
GroupResources.basic_layered = staticmethod(add_up_on_cluster)
