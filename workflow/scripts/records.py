"""Run records, the configuration, versions and checksums, for a reader."""

from tr300m.base.files import atomic_path, read_json
from tr300m.base.job import job
from tr300m.base.redaction import shareable
from tr300m.dataset.data_identity import identify
from tr300m.results.report.run_records import (
    array_table,
    compare_records,
    environment,
    settings_table,
    source_table,
    version_table,
)
from tr300m.results.write_table import markdown

with job(snakemake.log[0]):
    records = [shareable(read_json(path)) for path in snakemake.input.records]
    manifest = read_json(snakemake.input.manifest)
    differing, shared = compare_records(records)
    data = identify(manifest)
    unlike = f" They are not those of the release: {data.unlike_release}." if data.unlike_release else ""
    sources = f"The data: {data.name}.{unlike} What each file's bytes were:"
    settings = settings_table(snakemake.params.config)
    pages = {
        "runs": [
            ("What differs", "From each run's `run.json`; `code` is a hash over the code that trained it.", differing),
            ("What all runs share", "", shared),
            ("The configuration", "Defaults filled in; `compute` stands with each run.", settings),
        ],
        "versions": [
            ("Packages", f"The arrays were made by code {manifest['code']}.", version_table(records, environment())),
            ("Sources", sources, source_table(shareable(manifest["sources"]))),
            ("Arrays", "As the models read them.", array_table(manifest["arrays"])),
        ],
    }
    for name, sections in pages.items():
        texts = [f"## {title}\n\n{markdown(table, notes=[note], words=True)}" for title, note, table in sections]
        with atomic_path(snakemake.output[name]) as temporary:
            temporary.write_text("\n".join(texts), encoding="utf-8")
