"""What editing a module reruns, and that imports run one way."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from tr300m import provenance
from tr300m.provenance import PACKAGE, code_hash, modules

ROOT = Path(__file__).parents[1]
SCRIPTS = ROOT / "workflow/scripts"

# From left to right in docs/architecture.md; a module may import from its own stage or from those before it.
STAGES = [
    ["errors", "io", "progress", "provenance", "surroundings", "job", "sections"],
    [
        "architectures",
        "axes",
        "comparisons",
        "config",
        "sources",
        "controls",
        "dinucleotides",
        "levels",
        "runs",
        "settings",
        "simulate",
    ],
    ["protocols", "transfer", "verified", "download"],
    ["decimals", "genes", "sequence", "expression", "samples", "regulators", "motifs", "indexed", "histones", "cres"],
    ["manifest"],
    ["dataset", "splits", "pairs"],
    ["release", "compare_release", "gzip_time"],
    ["scan", "backend", "devices", "layers", "likelihood", "network", "inputs", "inference"],
    ["features", "baselines"],
    ["run_record", "feed", "steps", "checkpoints", "curves", "loop", "training_config", "training"],
    ["predict", "metrics", "bootstrap", "intervals", "grouped", "breakdown", "calibration"],
    ["planted", "perturbation", "recovery"],
    [
        "tables",
        "significance",
        "spread",
        "thesis_curves",
        "theme",
        "figures",
        "panels",
        "forest",
        "reliability",
        "density",
        "guide",
        "overview",
        "record_tables",
        "pages",
    ],
    ["learnt_kernel", "motif_detection", "motif_figures"],
    ["preflight", "report"],
    ["cli", "__init__"],
]
STAGE_OF = {name: stage for stage, names in enumerate(STAGES) for name in names}


def names_used_by(script: str) -> set[str]:
    files = [file.relative_to(PACKAGE) for file in modules(SCRIPTS / script)]
    return {file.parts[0].removesuffix(".py") for file in files}


def top_level_imports(path: Path) -> set[str]:
    """Modules of the package imported when `path` is imported (not inside functions or for types only)."""
    found = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.ImportFrom) and node.level:
            depth = len(path.relative_to(PACKAGE).parts) - node.level
            if depth == 0:
                found |= {node.module.split(".")[0]} if node.module else {alias.name for alias in node.names}
    return found


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_run_one_way(path: Path) -> None:
    own = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    later = {name for name in top_level_imports(path) if STAGE_OF[name] > STAGE_OF[own]}
    assert not later, f"{own} imports {later} from a later stage"


def test_model_and_training_need_neither_pandas_nor_snakemake() -> None:
    for script in ("train.py", "predict.py"):
        for file in modules(SCRIPTS / script):
            for node in ast.parse(file.read_text()).body:
                names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
                assert not {name.split(".")[0] for name in names} & {"pandas", "snakemake"}, file


@pytest.mark.parametrize(
    ("module", "scripts"),
    [
        ("pairs", {"train.py"}),
        (
            "likelihood",
            {
                "train.py",
                "predict.py",
                "calibration.py",
                "reliability.py",
                "reliability_comparison.py",
                "density.py",
                "motif_detection.py",
                "level_changes.py",
            },
        ),
        ("controls", {"train.py", "predict.py", "level_changes.py"}),
        ("recovery", {"truth.py"}),
        ("levels", {"motifs.py", "train.py", "predict.py", "breakdown.py", "level_changes.py"}),
        ("runs", set()),
        ("histones", {"histone_track.py", "histones.py"}),
        (
            "sequence",
            {
                "genome.py",
                "onehot.py",
                "histone_track.py",
                "histones.py",
                "cres.py",
                "motif_detection.py",
                "motif_panels.py",
            },
        ),
        ("cres", {"cres.py"}),
        ("release", {"release_array.py", "verify_release.py", "compare_release.py"}),
        ("regulators", {"expression.py"}),
        ("download", {"download.py"}),
        ("protocols", {"download.py"}),
        (
            "figures",
            {
                "panels.py",
                "forest.py",
                "reliability.py",
                "reliability_comparison.py",
                "density.py",
                "motif_panels.py",
            },
        ),
        ("panels", {"panels.py"}),
        ("density", {"density.py"}),
        ("learnt_kernel", {"motif_detection.py", "motif_panels.py"}),
    ],
)
def test_what_an_edit_reruns(module: str, scripts: set[str]) -> None:
    found = {path.name for path in SCRIPTS.glob("*.py") if module in names_used_by(path.name)}
    assert found == scripts


def test_evaluation_needs_no_keras() -> None:
    """Importing Keras and TensorFlow takes longer than the work of these jobs."""
    imports = "import tr300m.calibration, tr300m.likelihood, tr300m.breakdown, tr300m.bootstrap, tr300m.baselines"
    check = f"import sys; {imports}; print(sorted({{'keras', 'tensorflow', 'pandas'}} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True, cwd=SCRIPTS)
    assert done.stdout.strip() == "[]"


def test_hash_follows_code_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "tr300m"
    package.mkdir()
    module, script = package / "module.py", tmp_path / "script.py"
    script.write_text("from tr300m.module import answer\n")
    monkeypatch.setattr(provenance, "PACKAGE", package)

    def hash_of(text: str) -> str:
        module.write_text(text)
        return code_hash(script)

    first = hash_of('def answer():\n    """Doc."""\n    return 42\n')
    assert hash_of('def answer():\n    """Other words."""\n    # Why.\n    return (42)\n') == first
    assert hash_of('def answer():\n    """Doc."""\n    return 43\n') != first


def test_messages_shape_no_result() -> None:
    assert {"errors", "job", "progress"} <= names_used_by("train.py")
    assert {"errors", "job", "progress"} == provenance.WITHOUT_EFFECT


def test_modules_are_followed_through_others() -> None:
    assert {"genes", "axes", "errors", "io"} <= names_used_by("genes.py")
    assert "network" not in names_used_by("genes.py")
    assert "training" in names_used_by("train.py")
