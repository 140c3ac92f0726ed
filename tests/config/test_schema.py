"""The configuration: messages, defaults, documentation, run table."""

import dataclasses
import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from helpers.fixtures import Refuses, says
from tr300m.arrays.samples import SampleColumns
from tr300m.base.errors import TR300MError
from tr300m.config.architectures import Architecture, read_architectures
from tr300m.config.run_table import AT_EVALUATION, read_runs, trained_run
from tr300m.config.schema import document, fill_defaults, find_problems, read_configuration, read_schema
from tr300m.config.settings import resolve
from tr300m.config.split_names import split_names, split_pattern
from tr300m.config.user_paths import checkpoint_folder
from tr300m.dataset.data_identity import RELEASED_SETTINGS
from tr300m.dataset.permutations import CONTROLS
from tr300m.model.likelihood.distributions import LIKELIHOODS, make_likelihood
from tr300m.model.network import NetworkConfig
from tr300m.training.config import TrainingConfig

ROOT = Path(__file__).parents[2]
SCHEMA = read_schema(ROOT / "workflow/schemas/config.schema.yaml")
HEADER = "run\tarchitecture\tsplit\tlikelihood\tcontrol\tscan\tseed\tsteps\toptions\n"
SEQ_TF = "tf\tseq_tf\tthesis\tnb_exponential\tnone\ton_the_fly\t3\t100\t-\n"
MIXTURE = "zero_lognormal_mixture"
FACTORS = f"f\tbilinear\tthesis\t{MIXTURE}\tnone\t-\t3\t-\t-\n"
LATE = "permute_levels_at_evaluation"
GOOD = "seq\tseq\tthesis\tnb_exponential\tnone\ton_the_fly\t3\t100\t-\n"


def problems(**config: Any) -> list[str]:
    return find_problems(fill_defaults(config, SCHEMA), SCHEMA)


@pytest.fixture(autouse=True)
def _at_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def test_defaults_alone_are_valid() -> None:
    assert problems() == []


def test_unknown_key_names_the_close_one() -> None:
    (problem,) = problems(editon="release")
    assert problem == "`editon`: unknown key; did you mean `edition`?"


def test_unknown_key_in_a_section_is_found() -> None:
    (problem,) = problems(network={"widht": 3})
    assert "`network: widht`" in problem
    assert "`width`" in problem


def test_wrong_type_says_what_to_write() -> None:
    (problem,) = problems(split={"held_out_genes": "many"})
    assert says(problem, "`split: held_out_genes`", "'many'", "number")


def test_wrong_choice_lists_the_choices() -> None:
    (problem,) = problems(edition="latest")
    assert says(problem, "'latest'", "release, corrected")


def test_chromosomes_of_any_name() -> None:
    """Which names there are, only the annotation knows."""
    assert problems(chromosomes=["1", "MT", "2L", "NC_000067.7"]) == []
    (problem,) = problems(chromosomes=["chr 1"])
    assert "'chr 1'" in problem
    (problem,) = problems(chromosomes=[1])
    assert "integer" in problem or "string" in problem or "text" in problem


def test_all_problems_come_at_once() -> None:
    assert len(problems(edition="x", chromosomes="chr1", training={"batch_size": 0})) == 3


@pytest.mark.parametrize("name", ["config", "demo", "demo_full", "chr22"])
def test_shipped_configurations_are_valid(name: str) -> None:
    config = yaml.safe_load((ROOT / f"config/{name}.yaml").read_text())
    assert problems(**config) == []


def test_schema_defaults_are_the_codes_defaults() -> None:
    filled = fill_defaults({}, SCHEMA)
    assert NetworkConfig.from_dict(resolve({}, ROOT).network) == NetworkConfig()
    assert TrainingConfig.from_dict(filled["training"]) == TrainingConfig()
    assert {name: make_likelihood(name, **values) for name, values in filled["likelihoods"].items()} == LIKELIHOODS
    row = read_schema(ROOT / "workflow/schemas/runs.schema.yaml")["properties"]
    assert row["likelihood"]["enum"] == list(LIKELIHOODS)
    assert row["control"]["enum"] == ["none", *CONTROLS, *(name + AT_EVALUATION for name in CONTROLS)]


def test_documentation_is_up_to_date() -> None:
    page = (ROOT / "config/README.md").read_text()
    for row in document(SCHEMA):
        assert row in page, "run `make docs`"


def test_every_key_is_described() -> None:
    assert all(not row.endswith("|  |") for row in document(SCHEMA))


def test_missing_local_file_says_what_to_write(refuses: Refuses) -> None:
    with refuses("`sources: genome`", "nowhere.fa.gz", "`upstream`"):
        resolve({"sources": {"default": "simulated", "genome": "nowhere.fa.gz"}}, ROOT)


@pytest.mark.parametrize("address", ["ftp://me:hunter2@host/a.gz", "file:///home/me/a.gz"])
def test_sources_are_paths_or_web_addresses(address: str, refuses: Refuses) -> None:
    with refuses("`sources: genome`", address.partition(":")[0], "path", "https://"):
        resolve({"sources": {"default": "simulated", "genome": address}}, Path())


def test_unknown_source_names_the_close_one(refuses: Refuses) -> None:
    with refuses("genom", "genome"):
        resolve({"sources": {"genom": "upstream"}}, ROOT)


def test_a_source_may_be_another_row_of_the_table() -> None:
    """Another release of the same file: downloaded with its own checksum, never called the release's file."""
    settings = resolve({"sources": {"genome": "grch38_p10"}}, ROOT)
    row = settings.sources["grch38_p10"]
    assert settings.source_path("genome") == f"resources/upstream/{row.local_name}"
    assert settings.download_of(row.local_name) == {"urls": list(row.urls), "size": row.size, "checksum": row.checksum}
    record = settings.source_records()["genome"]
    assert record["origin"] == row.urls[0]
    assert record["published_checksum"] == settings.sources["genome"].checksum != row.checksum
    assert row.local_name in settings.file_names("upstream")
    assert settings.sources["genome"].local_name not in settings.file_names("upstream")


def test_a_window_brings_its_schedule(refuses: Refuses) -> None:
    settings = resolve({"window": {"upstream": 1000, "downstream": 500}}, ROOT)
    network = NetworkConfig.from_dict(settings.network)
    assert network.length == 1501
    assert "1,000" in settings.plan() and "500" in settings.plan()
    assert "Window" not in resolve({}, ROOT).plan()
    given = {"window": {"upstream": 50, "downstream": 49}, "network": {"pooling": [[60, 3], [40, 1]]}}
    assert NetworkConfig.from_dict({**resolve(given, ROOT).network, "pool_blocks": [0]}).schedule == ((60, 3), (40, 1))
    with refuses("`network: pooling`", "90", "100"):
        resolve(given | {"network": {"pooling": [[50, 3], [40, 1]]}}, ROOT)


def test_edges_of_bins_ascend(refuses: Refuses) -> None:
    with refuses("`wide: mark_edges`", "250"):
        resolve({"wide": {"mark_edges": [500, 250]}}, ROOT)


def test_data_folder_is_asked_for(refuses: Refuses) -> None:
    with refuses("--config data=FOLDER"):
        resolve(yaml.safe_load((ROOT / "config/chr22.yaml").read_text()), ROOT)


def test_locations(tmp_path: Path) -> None:
    fasta = tmp_path / "my.fa"
    fasta.write_text(">chr1\nA\n")
    settings = resolve(
        {
            "results": "results/x/",
            "data": str(tmp_path),
            "sources": {
                "genome": "{data}/my.fa",
                "annotation": "https://example.org/v26.gtf.gz",
                "histones": "simulated",
                "histone_H3K4me1_K562": "upstream",
            },
        },
        ROOT,
    )
    assert settings.source_path("genome") == str(fasta)
    assert settings.source_path("annotation") == "results/x/downloads/gencode.v26.annotation.gtf.gz"
    assert settings.download_of("gencode.v26.annotation.gtf.gz")["urls"] == ["https://example.org/v26.gtf.gz"]
    assert settings.source_path("histone_H3K4me3_Nhek") == "results/x/sources/NhekH3k4me3.bigWig"
    assert settings.source_path("histone_H3K4me1_K562") == "resources/upstream/K562H3k4me1.bigWig"
    assert settings.source_path("expression") == "resources/upstream/gene_tpm.gct.gz"
    assert settings.simulated


def test_full_run_reads_27_sources() -> None:
    assert len(resolve({}, ROOT).source_records()) == 27


def test_optional_sources_have_a_place_and_are_in_no_manifest() -> None:
    settings = resolve({}, ROOT)
    assert settings.source_path("ccres") == "resources/upstream/encodeCcreCombined.bb"
    assert "ccres" not in settings.source_records()
    assert "encodeCcreCombined.bb" in settings.file_names("upstream")


def test_an_optional_source_concerns_the_exported_scores_alone() -> None:
    real = dict.fromkeys(resolve({}, ROOT).source_records(), "upstream")
    settings = resolve({"sources": {"default": "simulated", **real}}, ROOT)
    assert (settings.data, settings.simulated) == ("upstream files", False)
    assert "ccres" in settings.own_cres
    assert resolve({}, ROOT).own_cres == ""


@pytest.mark.parametrize(
    ("sources", "data"),
    [
        ({}, "upstream files"),
        ({"genome": "simulated"}, "simulated sources"),
        ({"genome": "README.md"}, "own files"),
        ({"genome": "https://example.org/hg38.fa.gz"}, "own files"),
        ({"genome": "simulated", "expression": "README.md"}, "simulated sources"),
    ],
)
def test_what_a_configuration_knows_of_its_data(sources: dict[str, str], data: str) -> None:
    assert resolve({"sources": sources}, ROOT, files=False).data == data


def test_the_sample_table_has_the_columns_of_gtex_by_default() -> None:
    columns = resolve({}, ROOT).config["sample_table"]
    assert columns == dataclasses.asdict(SampleColumns())
    filled = resolve({}, ROOT).config
    assert {key: filled[key] for key in RELEASED_SETTINGS} == RELEASED_SETTINGS


def test_there_may_be_no_samples_and_no_donors() -> None:
    settings = resolve({"sources": {"samples": "none", "donors": "none"}}, ROOT)
    assert [settings.source_path(key) for key in ("samples", "donors")] == ["", ""]
    record = settings.source_records()["samples"]
    assert (record["path"], record["origin"]) == ("", "none")
    assert settings.data == "own files"
    assert "" not in settings.file_names("upstream") + settings.file_names("url")


@pytest.mark.parametrize(
    ("key", "named"), [("genome", "genome"), ("histones", "histone_H3K4me1_Nhek"), ("default", "expression")]
)
def test_other_sources_cannot_be_none(key: str, named: str, refuses: Refuses) -> None:
    with refuses(f"`sources: {named}: none`", "samples", "donors"):
        resolve({"sources": {key: "none"}}, ROOT)


def test_another_unit_than_tpm_is_refused_with_what_to_do(refuses: Refuses) -> None:
    with refuses("`expression: unit`", "'counts'", "TPM", "1,000,000"):
        resolve({"expression": {"unit": "counts"}}, ROOT)


def test_the_users_files_are_compared_with_the_published_ones() -> None:
    records = resolve({"sources": {"genome": "README.md"}}, ROOT).source_records()
    assert records["genome"]["origin"] == "README.md"
    assert all(record["published_checksum"] for record in records.values())


def test_released_data_must_exist(tmp_path: Path, refuses: Refuses) -> None:
    with refuses("`released_data`", "nowhere.zip"):
        resolve({"released_data": "nowhere.zip"}, ROOT)
    assert resolve({"released_data": str(tmp_path)}, ROOT).config["released_data"] == str(tmp_path)


def read(tmp_path: Path, text: str) -> Any:
    table = tmp_path / "runs.tsv"
    table.write_text(text)
    architectures = {key: Architecture.from_key(key) for key in ("seq", "seq_tf")}
    architectures["bilinear"] = Architecture("bilinear", "Factors", True, False, False, False, family="factorised")
    return read_runs(table, architectures, split_names(3), ROOT / "workflow/schemas/runs.schema.yaml")


def test_run_table(tmp_path: Path) -> None:
    runs = read(tmp_path, HEADER + GOOD)
    assert runs["seq"].steps == 100
    assert runs["seq"].seed == 3
    for name in ("leave_out_chr22", "leave_out_X", "leave_out_GL000009.2"):
        assert read(tmp_path, HEADER + GOOD.replace("thesis", name))["seq"].split == name
        assert re.fullmatch(split_pattern(3), name)


@pytest.mark.parametrize(
    ("key", "wrong"),
    [
        *(("held_out_genes", value) for value in (0, 1, 2.5, -3, 1.5)),
        *(("held_out_samples", value) for value in (1, 2.5, -0.1)),
        *(("held_out_donors", value) for value in (0, 1, 0.0)),
        *(("validation_share", value) for value in (0, 1, 2)),
    ],
)
def test_sizes_are_numbers_or_shares(key: str, wrong: float) -> None:
    (problem,) = problems(split={key: wrong})
    assert says(problem, f"`split: {key}`", str(wrong))
    for value in (0.25, *((0, 2, 300) if key == "held_out_samples" else (2, 300) if key != "validation_share" else ())):
        assert not problems(split={key: value})


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        (
            GOOD.replace("\tseq\t", "\tseq_xx\t"),
            ["run seq", "`architecture`", "seq_xx", "seq, seq_tf, bilinear"],
        ),
        (GOOD.replace("thesis", "random"), ["`split`", "random", "thesis, donor, tissue, overlap_free, chromosome_1,"]),
        (GOOD.replace("thesis", "chromosome_4"), ["`split`", "chromosome_4", "leave_out_CHROM"]),
        (GOOD.replace("thesis", "leave_out_"), ["`split`", "leave_out_", "leave_out_CHROM"]),
        (GOOD.replace("thesis", "leave_out_chr/1"), ["`split`", "leave_out_chr/1"]),
        (GOOD.replace("on_the_fly", "fast"), ["`scan`", "'fast'", "on_the_fly, cached"]),
        (GOOD.replace("100", "many"), ["`steps`", "'many'", "integer"]),
        (GOOD + GOOD, ["seq"]),
        ("", ["runs.tsv"]),
        (GOOD.replace("none", "permute"), ["`control`", "'permute'", "none, permute_levels,"]),
        (GOOD.replace("none", "permute_levels"), ["`control`", "permute_levels", "seq"]),
        (SEQ_TF.replace("none", "permute_histones_at_evaluation"), ["permute_histones_at_evaluation", "seq_tf"]),
        (
            GOOD.replace("none\ton_the_fly", "shuffle_sequence\tcached"),
            ["`scan`", "on_the_fly"],
        ),
        (SEQ_TF.replace("none", "permute_levels_at_evaluation"), ["`control`", "permute_levels_at_evaluation"]),
        # Another seed's weights will not do.
        (
            SEQ_TF + SEQ_TF.replace("tf", "late", 1).replace("none\ton_the_fly\t3", f"{LATE}\ton_the_fly\t4"),
            ["run late", "`control`", "permute_levels_at_evaluation"],
        ),
        ("seq/a" + GOOD[3:], ["`run`"]),
        (GOOD.replace("on_the_fly", "-"), ["`scan`", "seq", "pairwise", "on_the_fly"]),
        (GOOD.replace("100", "-"), ["`steps`", "seq", "pairwise", "integer"]),
        (FACTORS.replace("-\t3", "cached\t3"), ["run f", "`scan`", "bilinear", "factorised", "write -"]),
        (FACTORS.replace("3\t-", "3\t50"), ["run f", "`steps`", "bilinear", "factorised", "write -"]),
        (FACTORS.replace(MIXTURE, "nb_exponential"), ["run f", "`likelihood`", "factorised", MIXTURE]),
        (FACTORS.replace("none", "permute_histones"), ["run f", "`control`", "permute_histones", "bilinear"]),
        (GOOD.replace("100\t-", "100\tdepth=3"), ["run seq", "`options`", "depth"]),
        (GOOD.replace("100\t-", "100\t"), ["run seq", "`options`", "''"]),
    ],
)
def test_bad_run_tables(tmp_path: Path, line: str, parts: list[str]) -> None:
    with pytest.raises(TR300MError) as error:
        read(tmp_path, HEADER + line)
    assert says(str(error.value), *parts)


def test_whose_weights_a_control_at_evaluation_takes(tmp_path: Path) -> None:
    rows = [
        SEQ_TF.replace("tf", name, 1).replace("none", control)
        for name, control in (("late", LATE), ("trained", "permute_levels"), ("plain", "none"))
    ]
    runs = read(tmp_path, HEADER + GOOD + "".join(rows))
    assert {name: trained_run(name, runs) for name in runs} == {
        "seq": "seq", "late": "plain", "trained": "trained", "plain": "plain",
    }  # fmt: skip
    assert [name for name, run in runs.items() if run.only_predicts] == ["late"]


def test_shuffled_sequences_never_read_the_scan(tmp_path: Path) -> None:
    cached = GOOD.replace("on_the_fly", "cached")
    late = cached.replace("seq", "late", 1).replace("none", "shuffle_sequence_at_evaluation")
    runs = read(tmp_path, HEADER + cached + late)
    assert (runs["seq"].reads_scan, runs["late"].reads_scan) == (True, False)


def test_labels_say_what_is_not_the_thesis_s(tmp_path: Path) -> None:
    other = SEQ_TF.replace("tf", "late", 1).replace("none", "permute_levels")
    other = other.replace("thesis", "donor").replace("nb_exponential", "zero_lognormal_mixture")
    runs = read(tmp_path, HEADER + SEQ_TF + other)
    seq_tf = Architecture.from_key("seq_tf")
    assert runs["tf"].label(seq_tf) == "Seq + TF"
    assert runs["late"].label(seq_tf) == "Seq + TF, permute levels (retrained), split donor, zero_lognormal_mixture"
    runs = read(tmp_path, HEADER + SEQ_TF.replace("thesis", "overlap_free"))
    assert runs["tf"].label(seq_tf) == "Seq + TF, split overlap_free"
    changed = replace(runs["tf"], split="thesis", options={"rank": 3, "both": True})
    assert changed.label(seq_tf) == "Seq + TF, rank=3, both=yes"
    # Its usual output distribution is not the networks'.
    factors = Architecture("bilinear", "Factors", True, False, False, False, family="factorised")
    assert read(tmp_path, HEADER + FACTORS)["f"].label(factors) == "Factors"


def test_a_factorised_run_has_neither_scan_nor_steps(tmp_path: Path) -> None:
    run = read(tmp_path, HEADER + FACTORS)["f"]
    assert (run.scan, run.steps, run.reads_scan, run.options) == ("-", None, False, {})


def test_runs_with_options_are_told_apart(tmp_path: Path) -> None:
    """Runs are keys of dictionaries, and a control needs the weights of a run with the same options."""
    run = read(tmp_path, HEADER + GOOD)["seq"]
    other = replace(run, options={"rank": 3})
    assert hash(run) == hash(other)
    assert len({run: 1, other: 2, replace(run): 3}) == 2


def test_a_run_with_options_or_factors_is_not_one_of_the_thesis(tmp_path: Path) -> None:
    table = tmp_path / "runs.tsv"
    table.write_text(HEADER + FACTORS + GOOD + GOOD.replace("seq\tseq", "tf\tseq_tf"))
    selection = resolve({"runs": str(table)}, ROOT).selection
    assert selection.table1_runs == ["seq", "tf"]
    changed = replace(selection, runs={**selection.runs, "seq": replace(selection.runs["seq"], options={"rank": 3})})
    assert changed.table1_runs == ["tf"]
    assert [changed.thesis_run(name) for name in ("f", "seq", "tf")] == [None, None, "seq_tf"]
    assert not selection.reads_own_level("f")
    assert selection.label("f") == "Bilinear"


def test_controls_stand_behind_the_run_without_them(tmp_path: Path) -> None:
    """Another seed's run is no reference; a control without one is compared with nothing."""
    rows = [
        ("late", LATE, "3"),
        ("plain", "none", "3"),
        ("lone", "permute_levels", "4"),
        ("early", "permute_levels", "3"),
    ]
    table = tmp_path / "runs.tsv"
    table.write_text(
        HEADER
        + GOOD.replace("thesis", "donor")
        + "".join(
            SEQ_TF.replace("tf", name, 1).replace("none\ton_the_fly\t3", f"{control}\ton_the_fly\t{seed}")
            for name, control, seed in rows
        )
    )
    found = resolve({"runs": str(table)}, ROOT).selection
    assert list(found.control_runs.items()) == [
        ("plain", None),
        ("late", "plain"),
        ("early", "plain"),
        ("lone", None),
    ]
    assert found.label("late") == "Seq + TF, permute levels (evaluation only)"
    assert found.splits_in_use == ["donor", "thesis"]


def test_run_table_with_other_columns(tmp_path: Path) -> None:
    with pytest.raises(TR300MError, match="run architecture split likelihood control scan seed steps options"):
        read(tmp_path, "run\tarchitecture\nseq\tseq\n")


def test_architecture_table_agrees_with_the_keys() -> None:
    table = read_architectures(ROOT / "config/architectures.tsv")
    pairwise = {key: architecture for key, architecture in table.items() if not architecture.factorised}
    assert len(pairwise) == 7
    for key, architecture in pairwise.items():
        assert architecture == Architecture.from_key(key)


def test_table1_takes_the_first_row_of_each_architecture(tmp_path: Path) -> None:
    table = tmp_path / "runs.tsv"
    table.write_text(HEADER + GOOD + GOOD.replace("seq\t", "again\t", 1) + GOOD.replace("seq\tseq", "tf\tseq_tf"))
    assert resolve({"runs": str(table)}, ROOT).selection.table1_runs == ["seq", "tf"]


def test_which_of_the_thesis_runs_a_run_repeats(tmp_path: Path) -> None:
    final = GOOD.replace("seq\tseq", "final\tseq_tf_core_hm")
    rows = {
        "seq": ("seq", GOOD),
        "again": ("seq", GOOD.replace("seq\t", "again\t", 1)),
        "all": ("seq_tf_core_hm", final.replace("final", "all")),
        "final": ("final", final),
        "by_donor": (None, GOOD.replace("seq\t", "by_donor\t", 1).replace("thesis", "donor")),
        "mixture": (None, GOOD.replace("seq\t", "mixture\t", 1).replace("nb_exponential", "zero_lognormal_mixture")),
        "shuffled": (None, GOOD.replace("seq\t", "shuffled\t", 1).replace("none", "shuffle_sequence")),
    }
    table = tmp_path / "runs.tsv"
    table.write_text(HEADER + "".join(row for _, row in rows.values()))
    selection = resolve({"runs": str(table)}, ROOT).selection
    assert {name: selection.thesis_run(name) for name in rows} == {name: key for name, (key, _) in rows.items()}
    # A run of that name but another architecture is not the thesis's final one.
    table.write_text(HEADER + GOOD.replace("seq\t", "final\t", 1))
    assert resolve({"runs": str(table)}, ROOT).selection.thesis_run("final") == "seq"


# --- as Snakemake reads it --------------------------------------------------------------------------------------------

ENTRIES = [
    "edition=corrected", "data=/a b/c", "text='quoted'", 'other="quoted"', "count=3", "rate=1e-3", "grouped=1_000",
    "on=True", "off=False", "lower=true", "none=null", "empty=", "list=[a, 2]", "nested={a: {b: 2, c: x}}",
    "sources={genome: ~/x.fa}", "sources={default: upstream}", "broken={a: [", "colon=a: b: c", "equals=a=b",
    "date=2024-01-01", "hash=a # b", "tilde=~", "infinite=inf", "tab=a\tb", "spaced= 7 ", "star=*",
]  # fmt: skip


def test_command_line_values_are_read_as_snakemake_reads_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config").mkdir()
    (tmp_path / "config/config.yaml").write_text(
        "results: results\nsources: {default: simulated, expression: x}\nrate: 0.5\n"
    )
    (tmp_path / "b.yaml").write_text("rate: 1.0e-7\nsplit: {folds: 3}\n")
    # JSON with tabs is no YAML.
    (tmp_path / "c.json").write_text('{\n\t"split": {"seed": 1},\n\t"chromosomes": ["chr1"]\n}\n')
    (tmp_path / "Snakefile").write_text(
        "import json\nconfigfile: 'config/config.yaml'\nopen('found.json', 'w').write(json.dumps(config))\n"
    )
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "--dry-run", "--configfile", "b.yaml", "c.json"]
    done = subprocess.run([*command, "--config", *ENTRIES], capture_output=True, text=True, check=False)
    assert (tmp_path / "found.json").exists(), done.stderr
    found = read_configuration(["b.yaml", "c.json"], ENTRIES)
    assert found == json.loads((tmp_path / "found.json").read_text())
    assert found["nested"] == {"a": {"b": "2", "c": "x"}}
    assert found["split"] == {"folds": 3, "seed": 1}


@pytest.mark.parametrize("entry", ["x=1", "1a=2", "a b=3", "=4"])
def test_keys_that_snakemake_refuses(entry: str) -> None:
    with pytest.raises(TR300MError, match=r"=.* is not a key"):
        read_configuration((), [entry])


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("results: x\n\tedition: release\n", ["own.yaml, line 2"]),
        ("results: x\nsources: {a: b\nedition: release\n", ["own.yaml, line 3"]),
        ("results: a: b\n", ["own.yaml, line 1"]),
        ("results: x\x00\n", ["own.yaml"]),
        ("- a\n- b\n", ["own.yaml", "KEY: VALUE"]),
        ("", ["own.yaml", "KEY: VALUE"]),
    ],
)
def test_broken_files_are_named_with_the_line(tmp_path: Path, text: str, parts: list[str]) -> None:
    (tmp_path / "own.yaml").write_text(text)
    with pytest.raises(TR300MError) as error:
        read_configuration([tmp_path / "own.yaml"], ())
    assert all(part in str(error.value) for part in parts)
    assert "Traceback" not in str(error.value)


def test_a_configuration_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_bytes(b"results: \xff\xfe\n")
    with pytest.raises(TR300MError, match=r"own.yaml is not text"):
        read_configuration([tmp_path / "own.yaml"], ())


def test_a_byte_order_mark_in_a_configuration(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_bytes(b"\xef\xbb\xbfresults: x\n")
    assert read_configuration([tmp_path / "own.yaml"], ())["results"] == "x"


# --- home folders -----------------------------------------------------------------------------------------------------


def test_the_home_folder_in_every_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    names = ("g.txt", "s.txt", "r.tsv", "a.tsv", "my.fa", "tf.csv", "d.zip")
    for name in names:
        (tmp_path / name).write_text("x\n")
    (tmp_path / "r.tsv").write_text(HEADER + GOOD)
    (tmp_path / "a.tsv").write_text((ROOT / "config/architectures.tsv").read_text())
    config = {"results": "~/out/", "data": "~", "genes": "~/g.txt", "samples": "~/s.txt", "runs": "~/r.tsv"}
    config |= {"architectures": "~/a.tsv", "released_data": "~/d.zip"}
    own = {"default": "simulated", "genome": "~/my.fa", "regulators": "{data}/tf.csv"}
    found = resolve({**config, "sources": own}, ROOT)
    assert found.results == f"{tmp_path}/out"
    assert found.source_path("genome") == f"{tmp_path}/my.fa"
    elsewhere = {"results": "~/out/", "compute": {"checkpoints": "~/kept"}}
    assert resolve(elsewhere, ROOT).config["compute"]["checkpoints"] == f"{tmp_path}/kept"
    assert found.source_path("regulators") == f"{tmp_path}/tf.csv"
    assert found.source_path("expression").startswith(f"{tmp_path}/out/sources/")
    assert {found.config[key] for key in config} == {f"{tmp_path}{value.lstrip('~')}" for value in config.values()}
    assert not any("~" in str(value) for value in found.config.values())
    # The caller's mapping stays as it was.
    assert own["genome"] == "~/my.fa"


@pytest.mark.parametrize(
    ("results", "place", "folder"),
    [
        ("results/a", None, "results/a/checkpoints"),
        ("results/a", "/kept", "/kept/results/a"),
        ("/home/me/results/", "kept/", "kept/home/me/results"),
        # Not beside the place.
        ("../results", "/kept", "/kept/results"),
    ],
)
def test_a_place_for_checkpoints(results: str, place: str | None, folder: str) -> None:
    assert checkpoint_folder(results, place) == folder


@pytest.mark.parametrize("config", [{"results": "~nobody-here/x"}, {"sources": {"genome": "~nobody-here/x.fa"}}])
def test_a_home_folder_that_nobody_has(config: dict[str, Any]) -> None:
    with pytest.raises(TR300MError, match="no home folder is known for ~nobody-here"):
        resolve(config, ROOT)


def test_configuration_files_in_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "own.yaml").write_text("results: x\n")
    assert read_configuration(["~/own.yaml"], ())["results"] == "x"


# --- whose data -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("config", "may"),
    [
        ({}, False),
        ({"sources": {"default": "simulated"}}, False),
        ({"edition": "corrected"}, True),
        ({"sources": {"expression": "config/runs.tsv"}}, True),
        ({"sources": {"annotation": "https://example.org/a.gtf"}}, True),
        ({"sources": {"genome": "config/runs.tsv"}}, False),
    ],
)
def test_where_genes_may_be_left_out(config: dict[str, Any], may: bool) -> None:
    found = resolve(config, ROOT)
    assert found.may_drop_genes == may
    assert found.split["gene_pool"] == (None if config.get("edition") else 19746)


def test_another_row_of_the_sources_is_not_the_file_of_the_release(tmp_path: Path) -> None:
    table = (ROOT / "config/sources.tsv").read_text().splitlines()
    row = next(line for line in table if line.startswith("expression\t"))
    rows = [*table, row.replace("expression\tgene_tpm.gct.gz", "newer\tnewer.gct.gz")]
    for folder in ("workflow/schemas", "config"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    (tmp_path / "resources").mkdir()
    shutil.copy(ROOT / "resources/thesis_comparisons.tsv", tmp_path / "resources")
    (tmp_path / "config/sources.tsv").write_text("\n".join(rows) + "\n")
    found = resolve({"sources": {"expression": "newer"}}, tmp_path)
    assert found.may_drop_genes
    assert list(found.own_checksums("expression", "annotation")) == ["resources/upstream/newer.gct.gz"]
    assert not resolve({"sources": {"expression": "expression"}}, tmp_path).may_drop_genes


def test_own_files_are_compared_with_the_published_checksum() -> None:
    found = resolve({"sources": {"expression": "config/runs.tsv"}}, ROOT)
    ((path, checksum),) = found.own_checksums("expression", "annotation").items()
    assert path == "config/runs.tsv"
    assert checksum.startswith("sha256:ec783825")
