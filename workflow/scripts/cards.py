"""Write the model cards of all runs."""

from pathlib import Path

from tr300m.base.files import atomic_path, read_json
from tr300m.base.job import job
from tr300m.results.model_card import model_card

with job(snakemake.log[0]):
    manifest = read_json(snakemake.input.manifest)
    cards = [model_card(Path(record).parent, manifest) for record in snakemake.input.records]
    with atomic_path(snakemake.output.markdown) as temporary:
        temporary.write_text("\n".join(cards), encoding="utf-8")
