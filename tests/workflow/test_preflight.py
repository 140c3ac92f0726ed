"""The look before the first byte: every problem at once, on a server and disks of these tests."""

import hashlib
import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from helpers.fixtures import Refuses, says
from helpers.http_server import Reply, Server, serving, without_proxies
from helpers.small_run import copy_tables
from tr300m.arrays.genes import RELEASE_WINDOW
from tr300m.base.axes import ARRAYS
from tr300m.base.errors import TR300MError
from tr300m.cli import main
from tr300m.config.schema import read_configuration
from tr300m.config.settings import Settings, resolve
from tr300m.preflight.agreement import check_splits
from tr300m.preflight.axes import axis_lengths, known_axes
from tr300m.preflight.check import Check, render
from tr300m.preflight.configuration import check_configuration
from tr300m.preflight.resources import check_disks, missing_files
from tr300m.sources.fetch import fetch
from tr300m.sources.http import remote_size

ROOT = Path(__file__).parents[2]
CONTENT = b"content of a source\n" * 1000
SIZE = len(CONTENT)
SHA = "sha256:" + hashlib.sha256(CONTENT).hexdigest()
QUICK = (2.0, 0.5)
SMALL = {
    "compute": {"train_mem_mb": 100, "array_mem_mb": 100},
    "split": {"held_out_genes": 20, "held_out_samples": 20, "gene_pool": None},
}


SPLIT = "split: {held_out_genes: 20, held_out_samples: 20, gene_pool: null}\n"


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(CONTENT) as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a checkout of the tables and schemas."""
    copy_tables(tmp_path)
    monkeypatch.chdir(tmp_path)
    without_proxies(monkeypatch)
    return tmp_path


def settings(**sources: str) -> Settings:
    return resolve({"sources": {"default": "simulated", **sources}, **SMALL}, Path(), files=False)


def row(folder: Path, key: str, **cells: str) -> None:
    """Change cells of a row of the sources table."""
    path = folder / "config/sources.tsv"
    lines = path.read_text().splitlines()
    header = next(line for line in lines if line.startswith("key\t")).split("\t")
    number = next(i for i, line in enumerate(lines) if line.startswith(key + "\t"))
    fields = dict(zip(header, lines[number].split("\t"), strict=True)) | cells
    lines[number] = "\t".join(fields.values())
    path.write_text("\n".join(lines) + "\n")


def found(chosen: Settings) -> dict[str, Check]:
    return {check.what: check for check in check_configuration(chosen, QUICK)}


def test_all_is_well(server: Server, folder: Path) -> None:
    row(folder, "genome", url=server.url("/hg38"), bytes=str(SIZE), checksum=SHA)
    checks = found(settings(genome="upstream"))
    assert checks["genome"] == Check("genome", SIZE, checks["genome"].state, "", SIZE)
    assert checks["expression"].state == "simulated"
    assert not any(check.problem for check in checks.values())
    assert [request.method for request in server.requests] == ["HEAD"]
    assert server.sent == 0


def test_where_head_is_refused_one_byte_is_asked_for(server: Server, folder: Path) -> None:
    row(folder, "genome", url=server.plan("/hg38", Reply(head=False)), bytes="", checksum="")
    check = found(settings(genome="upstream"))["genome"]
    assert (check.size, check.problem, check.to_fetch) == (SIZE, "", SIZE)
    assert server.ranges() == ["bytes=0-0"]
    assert server.sent == 1


def test_every_problem_comes_at_once(server: Server, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    row(folder, "genome", url=server.url("/hg38"), mirror="", bytes="7")
    row(folder, "annotation", url=server.plan("/gone", Reply(status=404)), mirror="")
    row(folder, "regulators", url="http://upstream.invalid/list.csv", mirror="")
    row(folder, "donors", url=server.plan("/busy", Reply(status=503)), mirror="")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(0, 0, 1000))  # type: ignore[attr-defined]
    chosen = settings(
        genome="upstream",
        annotation="upstream",
        regulators="upstream",
        donors="upstream",
        expression="nowhere.gct.gz",
        samples=server.plan("/page", Reply(kind="text/html")),
    )
    chosen.config["compute"]["train_mem_mb"] = 10**9
    problems = {what: check.problem for what, check in found(chosen).items() if check.problem}
    expected = {
        "genome": (f"{SIZE:,}", "7"),
        "annotation": ("404",),
        "regulators": ("upstream.invalid",),
        "donors": ("503",),
        "expression": ("nowhere.gct.gz",),
        "samples": ("/page",),
        "memory": ("`compute: train_mem_mb`", "1,000,000,000,000,000"),
    }
    (disk,) = set(problems) - set(expected)
    assert says(problems[disk], "1,000")
    for what, parts in expected.items():
        assert says(problems[what], *parts)


def test_a_mirror_is_enough_and_the_failure_is_said(server: Server, folder: Path) -> None:
    row(folder, "genome", url=server.plan("/gone", Reply(status=404)), mirror=server.url("/hg38"), bytes=str(SIZE))
    check = found(settings(genome="upstream"))["genome"]
    assert check.problem == ""
    assert says(check.state, server.url("/gone"), "404")


def test_what_is_there_is_not_asked_for(server: Server, folder: Path) -> None:
    row(folder, "genome", url=server.url("/hg38"), mirror="", bytes=str(SIZE), checksum=SHA)
    chosen = settings(genome="upstream", annotation="mine.gtf")
    (folder / "mine.gtf").write_text("12345")
    fetch([server.url("/hg38")], Path(chosen.source_path("genome")), SIZE, SHA)
    server.requests.clear()
    checks = found(chosen)
    assert checks["genome"] == Check("genome", SIZE, checks["genome"].state)
    assert checks["annotation"] == Check("annotation", 5, checks["annotation"].state)
    assert server.requests == []


def test_a_part_counts_as_there(server: Server, folder: Path) -> None:
    row(folder, "genome", url=server.url("/hg38"), mirror="", bytes=str(SIZE), checksum=SHA)
    chosen = settings(genome="upstream")
    part = Path(chosen.source_path("genome") + ".part")
    part.parent.mkdir(parents=True)
    part.write_bytes(CONTENT[:1500])
    assert found(chosen)["genome"].to_fetch == SIZE - 1500


@pytest.mark.parametrize("kind", ["closed", "silent"])
def test_servers_that_do_not_answer(folder: Path, kind: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/file"
        if kind == "closed":
            listening.close()
        message = {"closed": "Connection refused", "silent": None}[kind]
        with pytest.raises(TR300MError, match=message):
            remote_size(url, QUICK)


def test_folders_on_one_disk_are_added_up(tmp_path: Path) -> None:
    free = shutil.disk_usage(tmp_path).free
    half = free // 2
    folders = {str(tmp_path / "a/b"): half, str(tmp_path / "c"): half // 2, str(tmp_path / "none"): 0}
    (check,) = check_disks(folders)
    assert check.size == half + half // 2
    assert "none" not in check.what
    assert check.problem == ""
    (check,) = check_disks({**folders, str(tmp_path / "d"): free})
    assert check.problem


def test_folders_on_two_disks_are_kept_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "other").mkdir()
    status = os.stat(tmp_path)
    real = Path.stat

    def stat(path: Path, **options: Any) -> os.stat_result:
        other = path == tmp_path / "other"
        return os.stat_result((*status[:2], status.st_dev + other, *status[3:10])) if other else real(path, **options)

    monkeypatch.setattr(Path, "stat", stat)
    assert len(check_disks({str(tmp_path / "other"): 1, str(tmp_path / "here"): 1})) == 2


def test_array_sizes_follow_from_the_axes(folder: Path) -> None:
    full = resolve({}, Path())
    lengths = axis_lengths(full)
    assert {axis for spec in ARRAYS.values() for axis in spec.axes} <= set(lengths)
    assert missing_files(full)["dataset/expression.npy"] == 19_786 * 17_382 * 4
    # The single tracks, which are temporary, take as much again as the array of all.
    assert missing_files(full)["histones/"] == 19_786 * RELEASE_WINDOW.width * 21 * 4
    assert "scan/pooled.npy" not in missing_files(full)


def test_what_restricts_the_axes(folder: Path) -> None:
    (folder / "genes.txt").write_text("ENSG1.1\nENSG2.1\n")
    (folder / "samples.txt").write_text("GTEX-1\n")
    assert axis_lengths(resolve({"chromosomes": ["chr21", "chr22"]}, Path()))["gene"] == 233 + 439
    own = {"chromosomes": ["chr21", "chr22"], "sources": {"annotation": "own.gtf"}}
    assert axis_lengths(resolve(own, Path(), files=False))["gene"] == 2 * 2_037
    lengths = axis_lengths(resolve({"genes": "genes.txt", "samples": "samples.txt"}, Path()))
    assert (lengths["gene"], lengths["sample"]) == (2, 1)
    demo = resolve(read_configuration(["config/demo.yaml"], ()), Path())
    assert (axis_lengths(demo)["gene"], axis_lengths(demo)["sample"]) == (300, 240)
    assert missing_files(demo)["scan/pooled.npy"] == 300 * 430 * (1_072 + 19) * 2
    assert "genome/" not in missing_files(demo)


def test_what_was_built_needs_no_disk(folder: Path) -> None:
    full = resolve({}, Path())
    for name in ("histones", "onehot"):
        (folder / "results/dataset").mkdir(parents=True, exist_ok=True)
        (folder / f"results/dataset/{name}.npy").touch()
    assert {"histones/", "genome/", "dataset/histones.npy"} & set(missing_files(full)) == set()


def test_one_problem_of_many_sources_is_said_once() -> None:
    checks = [Check(f"source{n}", 10**n, "cannot be downloaded", "no network?") for n in range(5)]
    blank, count, *problems = render([*checks, Check("memory", None, "small", "too small")]).splitlines()[-4:]
    assert blank == "" and says(count, "2")
    assert says(problems[0], "source0", "4", "no network?")
    assert says(problems[1], "memory", "too small")
    assert render(checks[:1]).splitlines()[:2] == [
        "what     bytes  found",
        "source0      1  cannot be downloaded",
    ]


def test_the_command(server: Server, folder: Path) -> None:
    sources = f"{{default: simulated, genome: '{server.url('/hg38')}'}}"
    (folder / "own.yaml").write_text(f"sources: {sources}\ncompute: {{train_mem_mb: 1, array_mem_mb: 1}}\n{SPLIT}")
    good = CliRunner().invoke(main, ["preflight", "--configfile", "own.yaml"])
    assert good.exit_code == 0, good.output
    assert "genome" in good.output
    bad = CliRunner().invoke(
        main,
        ["preflight", "--configfile", "own.yaml", "--config", "sources={expression: '{data}/x'}", "--config", "data=d"],
    )
    assert bad.exit_code == 1
    assert says(bad.output, "1", "expression: d/x")


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["--configfile", "nowhere.yaml"], ["nowhere.yaml"]),
        (["--configfile", "config/runs.tsv"], ["config/runs.tsv"]),
        (["--config", "data"], ["'data'", "KEY=VALUE"]),
        (["--config", "editon=release"], ["`editon`", "`edition`"]),
    ],
)
def test_bad_arguments(folder: Path, arguments: list[str], parts: list[str]) -> None:
    result = CliRunner().invoke(main, ["preflight", *arguments])
    assert result.exit_code == 1
    assert says(result.output, *parts)


def test_the_wrong_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(TR300MError, match=r"config/config\.yaml"):
        read_configuration((), ())


# --- splits -----------------------------------------------------------------------------------------------------------

GENE = 'chr{chromosome}\tH\tgene\t{start}\t{start}\t.\t+\t.\tgene_id "ENSG{start}.1"; gene_type "protein_coding";\n'


def own_files(folder: Path, genes: int, samples: int, **split: Any) -> dict[str, Any]:
    """Write an annotation and a GCT header of so many, on chr1 to chr3, two samples a donor."""
    (folder / "own.gtf").write_text(
        "".join(GENE.format(chromosome=1 + n % 3, start=5000 * (n + 1)) for n in range(genes))
    )
    ids = "\t".join(f"GTEX-{number // 2}-{number}" for number in range(samples))
    rows = "".join(f"ENSG{5000 * (n + 1)}.1\tG" + "\t1" * samples + "\n" for n in range(genes))
    (folder / "own.gct").write_text(f"#1.2\n{genes}\t{samples}\nName\tDescription\t{ids}\n{rows}")
    sizes = {"held_out_genes": 10, "held_out_samples": 6, "gene_pool": None, "folds": 3, "held_out_donors": 4, **split}
    return {"sources": {"default": "simulated", "annotation": "own.gtf", "expression": "own.gct"}, "split": sizes}


def runs_on(folder: Path, *splits: str) -> str:
    end = "nb_exponential\tnone\ton_the_fly\t3\t1\t-\n"
    rows = [f"r{number}\tseq\t{name}\t{end}" for number, name in enumerate(splits)]
    header = "run\tarchitecture\tsplit\tlikelihood\tcontrol\tscan\tseed\tsteps\toptions\n"
    (folder / "splits.tsv").write_text(header + "".join(rows))
    return "splits.tsv"


def split_problems(config: dict[str, Any]) -> dict[str, str]:
    return {check.what: check.problem for check in check_splits(resolve(config, Path(), files=False))}


def test_splits_that_can_be_drawn(folder: Path) -> None:
    config = own_files(folder, 30, 20) | {"runs": runs_on(folder, "thesis", "donor", "chromosome_2", "leave_out_chr2")}
    names = {f"split {name}": "" for name in ("thesis", "donor", "chromosome_2", "leave_out_chr2")}
    assert split_problems(config) == names
    shares = {"held_out_genes": 0.3, "held_out_samples": 0, "held_out_donors": 0.5, "validation_share": 0.3}
    assert split_problems(config | own_files(folder, 30, 20, **shares)) == names


@pytest.mark.parametrize(
    ("genes", "samples", "settings", "split", "parts"),
    [
        (10, 20, {}, "thesis", ["10 of 10 genes", "held_out_genes"]),
        (30, 6, {}, "thesis", ["6 of 6 samples", "held_out_samples"]),
        (30, 20, {"gene_pool": 31}, "thesis", ["31", "30 genes", "gene_pool"]),
        (30, 20, {"folds": 4}, "chromosome_1", ["3 chromosomes into 4 folds", "folds"]),
        (30, 20, {"held_out_donors": 10}, "donor", ["10 of 10 donors", "held_out_donors"]),
        (30, 20, {"held_out_genes": 0.04}, "thesis", ["1 of 30 genes", "0.04", "held_out_genes"]),
        (30, 20, {"held_out_samples": 0.04}, "leave_out_chr2", ["1 of 20 samples", "0.04", "held_out_samples"]),
        (30, 20, {}, "leave_out_chr7", ["chr7", "chr1 10, chr2 10, chr3 10"]),
        (30, 20, {"validation_share": 0.01}, "leave_out_chr3", ["0.01", "validation_share"]),
    ],
)
def test_too_few_for_a_split(
    folder: Path, genes: int, samples: int, settings: dict[str, Any], split: str, parts: list[str]
) -> None:
    config = own_files(folder, genes, samples, **settings) | {"runs": runs_on(folder, split)}
    problem = split_problems(config)[f"split {split}"]
    assert all(part in problem for part in parts)


def test_tissues_that_cannot_be_held_out(folder: Path) -> None:
    config = own_files(folder, 30, 20) | {"runs": runs_on(folder, "tissue")}
    # Without a sample table no tissue is known.
    (check,) = check_splits(resolve(config, Path(), files=False))
    assert not check.problem and "not checked" in check.state
    rows = "".join(f"GTEX-{number // 2}-{number}\tOrgan {number % 5} - Part {number % 10}\n" for number in range(20))
    (folder / "own_samples.txt").write_text(f"SAMPID\tSMTSD\n{rows}")
    config["sources"]["samples"] = "own_samples.txt"
    for held_out, parts in (
        (2, []),
        (5, ["5 of 5 groups", "held_out_tissues"]),
        (["Organ 1 - Part 6"], []),
        (["Organ 1"], ["no sample has tissue Organ 1", "Organ 1 - Part 6"]),
        (["Organ 1 - Part 1", "Organ 2 - Part 7", "Organ 3 - Part 3"], ["Organ 1, Organ 2, Organ 3", "of 5 groups"]),
    ):
        config["split"]["held_out_tissues"] = held_out
        problem = split_problems(config)["split tissue"]
        assert bool(problem) == bool(parts) and all(part in problem for part in parts)
    (folder / "groups.tsv").write_text("tissue\tgroup\nOrgan 1 - Part 1\tgut\n")
    config["split"]["tissue_groups"] = "groups.tsv"
    problem = split_problems(config)["split tissue"]
    assert "9 of 10 tissues" in problem and "Organ 1 - Part 6" in problem


def test_splits_are_printed_from_the_source_files_or_the_dataset(folder: Path, refuses: Refuses) -> None:
    config = own_files(folder, 30, 20)
    settings = resolve(config, Path(), files=False)
    with refuses("samples", "dataset/genes.tsv"):
        known_axes(settings)
    rows = "".join(f"GTEX-{number // 2}-{number}\tLung\n" for number in range(20))
    (folder / "own_samples.txt").write_text(f"SAMPID\tSMTSD\n{rows}")
    config["sources"]["samples"] = "own_samples.txt"
    settings = resolve(config, Path(), files=False)
    genes, samples = known_axes(settings)
    assert (len(genes), len(samples)) == (30, 20)
    (folder / settings.results / "dataset").mkdir(parents=True)
    for name, axis in (("genes", genes.take(genes.tss > 110_000)), ("samples", samples)):
        axis.write(folder / settings.results / "dataset" / f"{name}.tsv")
    assert len(known_axes(settings)[0]) == 8
    config["split"] |= {"held_out_genes": 4, "validation_share": 0.4}
    (folder / "own.yaml").write_text(yaml.safe_dump(config | {"runs": runs_on(folder, "thesis", "leave_out_chr2")}))
    result = CliRunner().invoke(main, ["splits", "--configfile", "own.yaml"])
    assert result.exit_code == 0, result.output
    assert says(result.output, "8 genes", "thesis: ", "leave_out_chr2: ")
    assert result.output.count("validation") >= 2


def test_lists_that_are_too_short_for_a_split(folder: Path) -> None:
    config = own_files(folder, 30, 20)
    (folder / "genes.txt").write_text("".join(f"ENSG{5000 * (number + 1)}.1\n" for number in range(8)))
    assert "10 of 8 genes" in split_problems({**config, "genes": "genes.txt"})["split thesis"]
    (folder / "samples.txt").write_text("GTEX-0-0\nGTEX-0-1\n")
    assert "6 of 2 samples" in split_problems({**config, "samples": "samples.txt"})["split thesis"]
    # Nothing is here yet: the list alone is known.
    del config["sources"]
    assert "10 of 8 genes" in split_problems({**config, "genes": "genes.txt"})["split thesis"]


def test_genes_that_the_gct_lacks_do_not_count(folder: Path) -> None:
    config = own_files(folder, 30, 20)
    lines = (folder / "own.gct").read_text().splitlines(keepends=True)
    (folder / "own.gct").write_text("".join([lines[0], "8\t20\n", lines[2], *lines[-8:]]))
    assert "10 of 8 genes" in split_problems(config)["split thesis"]


# --- expression of one's own ------------------------------------------------------------------------------------------


def own_table(folder: Path, genes: list[str], samples: int = 20, value: str = "1") -> dict[str, Any]:
    """Write an annotation of 30 genes and a CSV without a sample table."""
    config = own_files(folder, 30, samples)
    header = ",".join(["gene", *(f"tissue {number}" for number in range(samples))])
    (folder / "own.csv").write_text("\n".join([header, *(gene + f",{value}" * samples for gene in genes)]) + "\n")
    config["sources"] |= {"expression": "own.csv", "samples": "none", "donors": "none"}
    return config


BARE = [f"ENSG{5000 * (number + 1)}" for number in range(30)]


def test_a_csv_without_a_sample_table(folder: Path) -> None:
    config = own_table(folder, BARE) | {"runs": runs_on(folder, "thesis", "donor")}
    assert split_problems(config) == {"split thesis": "", "split donor": ""}
    lengths = axis_lengths(resolve(config, Path()))
    assert (lengths["sample"], lengths["tissue"]) == (20, 20)
    assert {check.what: check.state for check in check_configuration(resolve(config, Path()), QUICK)}[
        "samples"
    ] == "none"


@pytest.mark.parametrize(
    ("genes", "value", "parts"),
    [
        (BARE, "1000000", ["own.csv", "tissue 0", "30,000,000", "counts"]),
        (BARE, "-0.5", ["own.csv, line 2", "ENSG5000", "-0.5", "log2(TPM + 1)"]),
        ([*BARE, BARE[3]], "1", ["own.csv, line 32", "ENSG20000"]),
        ([f"ENSMUSG{number}" for number in range(30)], "1", ["own.csv", "ENSMUSG0", "ENSG5000.1", "species"]),
    ],
)
def test_expression_that_does_not_fit(folder: Path, genes: list[str], value: str, parts: list[str]) -> None:
    (problem,) = split_problems(own_table(folder, genes, value=value)).values()
    assert says(problem, *parts)


def test_an_unknown_tissue_column(folder: Path) -> None:
    config = own_table(folder, BARE)
    (folder / "own_samples.csv").write_text("id,organ\n" + "".join(f"tissue {n},Lung\n" for n in range(20)))
    config["sources"]["samples"] = "own_samples.csv"
    (problem,) = split_problems({**config, "sample_table": {"sample": "id", "tissue": "tissues"}}).values()
    assert says(problem, "own_samples.csv", "tissues", "`sample_table: tissue`", "organ")
    assert set(split_problems({**config, "sample_table": {"sample": "id", "tissue": "organ"}}).values()) == {""}


def test_donors_of_the_sample_table_are_held_out_whole(folder: Path) -> None:
    config = own_table(folder, BARE) | {"runs": runs_on(folder, "donor")}
    rows = "".join(f"tissue {n},Lung,P{n // 10}\n" for n in range(20))
    (folder / "own_samples.csv").write_text(f"id,organ,person\n{rows}")
    config["sources"]["samples"] = "own_samples.csv"
    columns = {"sample": "id", "tissue": "organ", "donor": "person"}
    assert "4 of 2 donors" in split_problems({**config, "sample_table": columns})["split donor"]


def test_axes_that_cannot_be_read(folder: Path) -> None:
    config = own_files(folder, 30, 20)
    text = (folder / "own.gtf").read_text()
    (folder / "own.gtf").write_text(text.replace("gene_type", "type"))
    (problem,) = split_problems(config).values()
    assert "own.gtf, line 1" in problem and "gene_type" in problem


@pytest.mark.parametrize("name", ["config", "demo", "demo_full"])
def test_shipped_configurations_can_be_split(folder: Path, name: str) -> None:
    config = read_configuration([f"config/{name}.yaml"], ())
    assert set(split_problems(config).values()) == {""}


def test_options_take_several_values(folder: Path) -> None:
    (folder / "own.yaml").write_text(f"compute: {{train_mem_mb: 1, array_mem_mb: 1}}\n{SPLIT}")
    (folder / "more.yaml").write_text("sources: {default: simulated}\n")
    values = ["results=results/x", "sources={genome: nowhere.fa}"]
    result = CliRunner().invoke(main, ["preflight", "--configfile", "own.yaml", "more.yaml", "--config", *values])
    assert "1 problem(s):\n  - genome: nowhere.fa does not exist" in result.output
    assert "results/x" in result.output


def test_a_home_folder_behind_an_option(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(folder))
    (folder / "bad.yaml").write_text("editon: release\n")
    assert "did you mean `edition`?" in CliRunner().invoke(main, ["preflight", "--configfile=~/bad.yaml"]).output


@pytest.mark.parametrize("value", ["sources={a: [", "sources={a", "edition=[", "training={batch_size: !x"])
def test_values_that_are_no_yaml_show_no_traceback(folder: Path, value: str) -> None:
    result = CliRunner().invoke(main, ["preflight", "--config", value])
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert f"`{value.partition('=')[0]}`" in result.output


def test_own_tracks_are_looked_at(folder: Path) -> None:
    """Backward peaks and files of another format are named before anything is built; so is a file that is missing."""
    table = "mark\tcell\tsource\treader\n"
    for cell, name, text in (
        ("good", "a.bedGraph", "chr1\t5\t9\t1\n"),
        ("backward", "b.broadPeak", "chr1\t9\t5\tp\t1\t.\t2\t-1\t-1\n"),
        ("twice", "c.bedGraph", "chr1\t5\t9\t1\nchr1\t8\t9\t1\n"),
        ("text", "d.bw", "chr1\t5\t9\t1\n"),
    ):
        (folder / name).write_text(text)
        table += f"ATAC\t{cell}\t{name}\n"
    (folder / "own.tsv").write_text(table + "ATAC\tmissing\te.bw\n")
    chosen = resolve({"sources": {"default": "simulated"}, "tracks": "own.tsv", **SMALL}, Path(), files=False)
    problems = {what: check.problem for what, check in found(chosen).items() if check.problem}
    assert says(problems["track ATAC_backward"], "b.broadPeak", "line 1", "chr1:9-5", "`strict_tracks: false`")
    assert says(problems["track ATAC_twice"], "c.bedGraph", "line 2")
    assert says(problems["track ATAC_text"], "d.bw", "bigWig")
    assert says(problems["track_ATAC_missing"], "e.bw")
    assert len(problems) == 4
    lengths = axis_lengths(chosen)
    assert lengths["track"] == 5
