"""Describe the dataset folder."""

from pathlib import Path

from tr300m.arrays.manifest import build_manifest, source_entry
from tr300m.base.files import write_json
from tr300m.base.job import job
from tr300m.base.progress import progress

with job(snakemake.log[0]):
    folder = Path(snakemake.output.manifest).parent
    tables = [Path(path).name for path in snakemake.input.files if path.endswith(".tsv")]
    arrays = [Path(path).stem for path in snakemake.input.files if path.endswith(".npy")]
    records = snakemake.params.sources
    # Where the files lie for this job: of object storage it has copies.
    inputs = iter(snakemake.input.sources)
    counted = progress(records.items(), total=len(records), what="checksums of the sources", unit="files")
    sources = {key: source_entry(record, next(inputs) if record["path"] else "") for key, record in counted}
    config = {**snakemake.params.shaped_by, "simulation": snakemake.params.simulation}
    write_json(
        snakemake.output.manifest, build_manifest(folder, arrays, tables, sources, config, snakemake.params.code)
    )
