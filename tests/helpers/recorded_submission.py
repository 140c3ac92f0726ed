"""Run Snakemake with a cloud's executor whose API client only records: `python FILE RECORDS.json ARGUMENTS...`.

Everything else is the plugin's own code. Each job that it submits is written to RECORDS.json as the API would get it.
A job counts as failed at its first attempt and as done at its second, unless its rule is never repeated, and each file
counts as there. Needs .venv-clusters.
"""

import json
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import google.cloud.logging
import kubernetes
import snakemake_executor_plugin_aws_batch
import snakemake_executor_plugin_googlebatch
import snakemake_executor_plugin_kubernetes
import snakemake_storage_plugin_gcs as gcs
import snakemake_storage_plugin_s3 as s3
from google.cloud import batch_v1
from snakemake.cli import main
from snakemake_interface_executor_plugins.executors.remote import RemoteExecutor

EXECUTORS = (
    snakemake_executor_plugin_aws_batch,
    snakemake_executor_plugin_googlebatch,
    snakemake_executor_plugin_kubernetes,
)
RECORDS: list[dict[str, Any]] = []
FAILED: set[str] = set()


def record(kind: str, content: dict[str, Any], name: str = "") -> None:
    """Keep a request; a first attempt will have failed under `name`."""
    RECORDS.append({"kind": kind, **content})
    if "--attempt 1 " in str(content) and "--allowed-rules split " not in str(content):
        FAILED.add(name)


def replace_storage(plugin: Any) -> None:
    """Make every object of a bucket one that is there, of one megabyte and one time."""

    async def inventory(self: Any, cache: Any) -> None:
        pass

    def store(self: Any) -> None:
        copy = shutil.copy(self.local_path(), f"{sys.argv[1]}.{len(RECORDS)}")
        record("stored", {"query": self.query, "copy": copy})

    plugin.StorageProvider.__post_init__ = lambda self: None
    replaced = {
        "inventory": inventory,
        "exists": lambda self: True,
        "mtime": lambda self: datetime(2026, 1, 1, tzinfo=UTC).timestamp(),
        "size": lambda self: 1_000_000,
        "remove": lambda self: None,
        "store_object": store,
    }
    for name, function in replaced.items():
        setattr(plugin.StorageObject, name, function)


class Cluster:
    """The two APIs of Kubernetes that the executor calls."""

    def create_namespaced_secret(self, namespace: str, body: Any) -> None:
        record("secret", kubernetes.client.ApiClient().sanitize_for_serialization(body))

    def create_namespaced_job(self, namespace: str, body: Any) -> Any:
        record("job", kubernetes.client.ApiClient().sanitize_for_serialization(body), body.metadata.name)
        return body

    def read_namespaced_job_status(self, name: str, namespace: str) -> Any:
        return SimpleNamespace(status=SimpleNamespace(failed=int(name in FAILED), succeeded=int(name not in FAILED)))

    def list_namespaced_pod(self, **_: Any) -> Any:
        return SimpleNamespace(items=[])

    def delete_namespaced_secret(self, *_: Any, **__: Any) -> None:
        pass

    delete_namespaced_job = delete_namespaced_secret


class GoogleBatch:
    """The client of Google Batch."""

    def create_job(self, request: Any) -> Any:
        record("job", batch_v1.CreateJobRequest.to_dict(request), f"{request.parent}/jobs/{request.job_id}")
        return batch_v1.Job(name=f"{request.parent}/jobs/{request.job_id}", uid=request.job_id)

    def get_job(self, request: Any) -> Any:
        state = batch_v1.JobStatus.State.FAILED if request.name in FAILED else batch_v1.JobStatus.State.SUCCEEDED
        return batch_v1.Job(status=batch_v1.JobStatus(state=state))


class AwsBatch:
    """The client of AWS Batch."""

    def register_job_definition(self, **request: Any) -> dict[str, Any]:
        record("job", request, request["jobDefinitionName"])
        return {"jobDefinitionName": request["jobDefinitionName"], "revision": 1}

    def submit_job(self, **request: Any) -> dict[str, Any]:
        record("submission", request)
        return {"jobName": request["jobName"], "jobId": request["jobDefinition"]}

    def describe_jobs(self, jobs: list[str]) -> dict[str, Any]:
        failed = jobs[0].removesuffix(":1") in FAILED
        return {"jobs": [{"status": "FAILED" if failed else "SUCCEEDED"}]}

    def terminate_job(self, **_: Any) -> None:
        pass


def replace_clients() -> None:
    kubernetes.config.load_kube_config = lambda: None
    kubernetes.client.CoreV1Api = kubernetes.client.BatchV1Api = Cluster
    batch_v1.BatchServiceClient = GoogleBatch
    google.cloud.logging.Client = lambda project: SimpleNamespace(
        logger=lambda name: SimpleNamespace(list_entries=lambda **_: [])
    )
    boto3.client = lambda service, **_: AwsBatch()
    for plugin in (s3, gcs):
        replace_storage(plugin)
    # Nothing takes time here.
    for plugin in EXECUTORS:
        plugin.common_settings.init_seconds_before_status_checks = 0
    RemoteExecutor.next_seconds_between_status_checks = property(lambda self: 0.1, lambda self, seconds: None)


if __name__ == "__main__":
    replace_clients()
    try:
        main(sys.argv[2:])
    finally:
        Path(sys.argv[1]).write_text(json.dumps(RECORDS, indent=1))
