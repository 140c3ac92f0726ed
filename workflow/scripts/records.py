"""Run records, the configuration, versions and checksums, for a reader."""

from tr300m.io import atomic_path, read_json
from tr300m.job import job
from tr300m.record_tables import compare_records, environment, flat, source_table, version_table
from tr300m.tables import markdown

with job(snakemake.log[0]):
    records = [read_json(path) for path in snakemake.input.records]
    manifest = read_json(snakemake.input.manifest)
    differing, shared = compare_records(records)
    settings = dict(flat(snakemake.params.config))
    texts = {
        "runs": [
            ("What differs", "From each run's `run.json`; `code` is a hash over the code that trained it.", differing),
            ("What all runs share", "", shared),
            (
                "The configuration, defaults filled in",
                "",
                {"key": list(settings), "value": list(settings.values())},
            ),
        ],
        "versions": [
            ("Packages", f"The arrays were made by code {manifest['code']}.", version_table(records, environment())),
            ("Sources", "What each file's bytes were.", source_table(manifest["sources"])),
            (
                "Arrays",
                "As the models read them.",
                {
                    "array": list(manifest["arrays"]),
                    "shape": [" x ".join(map(str, entry["shape"])) for entry in manifest["arrays"].values()],
                    "SHA-256": [entry["sha256"] for entry in manifest["arrays"].values()],
                },
            ),
        ],
    }
    for name, sections in texts.items():
        with atomic_path(snakemake.output[name]) as temporary:
            parts = [
                f"## {title}\n\n{markdown(columns, notes=[note], words=True)}" for title, note, columns in sections
            ]
            temporary.write_text("\n".join(parts), encoding="utf-8")
