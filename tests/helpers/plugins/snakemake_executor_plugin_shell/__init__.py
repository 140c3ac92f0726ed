"""An executor that runs each submission as a process of this machine, at its second attempt; the first one fails.

As executors for clusters do, it starts a Snakemake for each job or group. Each submission is a line of JSON in
`submissions.jsonl`.
"""

import json
import subprocess
from collections.abc import AsyncIterator
from typing import Any

from snakemake_interface_executor_plugins.executors.base import SubmittedJobInfo
from snakemake_interface_executor_plugins.executors.remote import RemoteExecutor
from snakemake_interface_executor_plugins.settings import CommonSettings

common_settings = CommonSettings(
    non_local_exec=True,
    implies_no_shared_fs=False,
    job_deploy_sources=False,
    auto_deploy_default_storage_provider=False,
)


class Executor(RemoteExecutor):
    """Runs jobs in processes, all that Snakemake gives it at a time."""

    def run_job(self, job: Any) -> None:
        rules = [one.rule.name for one in job.jobs] if job.is_group() else [job.rule.name]
        resources = {name: value for name, value in job.resources.items() if isinstance(value, int)}
        submission = {"rules": rules, "attempt": job.attempt, "threads": job.threads, "resources": resources}
        with open("submissions.jsonl", "a") as file:
            file.write(json.dumps(submission) + "\n")
        command = "false" if job.attempt == 1 else self.format_job_exec(job)
        process = subprocess.Popen(command, shell=True)
        self.report_job_submission(SubmittedJobInfo(job, aux={"process": process}))

    async def check_active_jobs(self, active_jobs: list[SubmittedJobInfo]) -> AsyncIterator[SubmittedJobInfo]:
        for submitted in active_jobs:
            code = submitted.aux["process"].poll()
            if code is None:
                yield submitted
            elif code == 0:
                self.report_job_success(submitted)
            else:
                self.report_job_error(submitted)

    def cancel_jobs(self, active_jobs: list[SubmittedJobInfo]) -> None:
        for submitted in active_jobs:
            submitted.aux["process"].kill()
