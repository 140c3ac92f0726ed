"""What editing a module reruns."""

import ast
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from tr300m.base.errors import TR300MError
from tr300m.config import code_hash as provenance
from tr300m.config.code_hash import PACKAGE, code_hash, modules, reached

ROOT = Path(__file__).parents[2]
SCRIPTS = ROOT / "workflow/scripts"
OF_FITS = {"fit.py", "predict_fit.py", "level_changes_fit.py"}
OF_USE = {"gene_page.py", "variants.py"}


def names_used_by(script: str) -> set[str]:
    files = [file.relative_to(PACKAGE) for file in modules(SCRIPTS / script)]
    return {".".join(file.with_suffix("").parts) for file in files}


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
        ("dataset.pair_order", {"train.py"}),
        (
            "model.likelihood.distributions",
            {
                "train.py",
                "predict.py",
                "evaluation.py",
                "evaluation_figures.py",
                "metrics.py",
                "level_changes.py",
                "fit.py",
                *OF_USE,
            },
        ),
        ("dataset.permutations", {"train.py", "predict.py", "level_changes.py", "mechanism.py", *OF_FITS}),
        ("evaluation.truth_recovery", {"truth.py"}),
        (
            "dataset.tf_levels",
            {"motifs.py", "train.py", "predict.py", "evaluation.py", "level_changes.py", "mechanism.py", *OF_FITS}
            | OF_USE,
        ),
        ("config.run_table", {"train.py", "predict.py", "level_changes.py", "mechanism.py", "options.py", *OF_FITS}),
        ("arrays.histones", {"histone_track.py", "histones.py", "wide_marks.py"}),
        (
            "arrays.sequence",
            {
                "genes.py",
                "genome.py",
                "onehot.py",
                "wide_bases.py",
                "wide_track.py",
                "wide_marks.py",
                "histone_track.py",
                "histones.py",
                "genome_parts.py",
                "track_excerpt.py",
                "cres.py",
                "motif_training.py",
                "motif_panels.py",
                *OF_USE,
            },
        ),
        ("arrays.ccres", {"cres.py"}),
        ("release.published", {"release_array.py", "verify_release.py", "compare_release.py"}),
        ("arrays.regulators", {"expression.py"}),
        ("sources.fetch", {"download.py"}),
        ("sources.http", {"download.py", "track_excerpt.py"}),
        (
            "results.figures.canvas",
            {
                "panels.py",
                "forest.py",
                "model_forest.py",
                "evaluation_figures.py",
                "reliability_comparison.py",
                "motif_panels.py",
                "mechanism_figure.py",
            },
        ),
        ("results.figures.training_panels", {"panels.py"}),
        ("results.figures.predicted_density", {"evaluation_figures.py"}),
        ("motif_detection.kernel", {"motif_training.py", "motif_panels.py"}),
    ],
)
def test_what_an_edit_reruns(module: str, scripts: set[str]) -> None:
    found = {path.name for path in SCRIPTS.glob("*.py") if module in names_used_by(path.name)}
    assert found == scripts


def test_evaluation_needs_no_keras() -> None:
    """Importing Keras and TensorFlow takes longer than the work of these jobs."""
    modules = (
        "evaluation.calibration",
        "model.likelihood.distributions",
        "evaluation.strata",
        "metrics.cluster_bootstrap",
        "baselines.table",
    )
    imports = "; ".join(f"import tr300m.{module}" for module in modules)
    check = f"import sys; {imports}; print(sorted({{'keras', 'tensorflow', 'pandas'}} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True, cwd=SCRIPTS)
    assert done.stdout.strip() == "[]"


Package = Callable[..., str]


@pytest.fixture
def hash_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Package:
    """Return a function that writes files of a package, and `script.py` beside it, and hashes the script."""
    monkeypatch.setattr(provenance, "PACKAGE", tmp_path / "tr300m")

    def write(files: Mapping[str, str]) -> str:
        for name, text in files.items():
            path = tmp_path / ("" if name == "script.py" else "tr300m") / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return code_hash(tmp_path / "script.py")

    return write


ANSWER = "from tr300m.module import answer\nprint(answer())\n"


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        ('def answer():\n    """Doc."""\n    return 42\n', "def answer():\n    # Why.\n    return (42)\n", True),
        ("def answer():\n    return 42\n", "def answer():\n    return 43\n", False),
        # Docstrings of a module's constant, of a dataclass's field and of a function that does nothing.
        ('ONE = int(1)\n"""A number."""\n', 'ONE = int(1)\n"""Other words."""\n', True),
        ('class A:\n    x: int\n    """Doc."""\nint(A())\n', 'class A:\n    x: int\n    "Words."\nint(A())\n', True),
        ('def f():\n    """Doc."""\nint(f())\n', 'def f():\n    "Other."\nint(f())\n', True),
        # A string that is a value is no docstring.
        ('answer = "one"\n', 'answer = "two"\n', False),
        # What the script cannot reach; what it reaches through another name; what runs on import.
        ("answer = 1\ndef other():\n    return 1\n", "answer = 1\ndef other():\n    return 2\n", True),
        ("n = 1\ndef answer():\n    return n\n", "n = 2\ndef answer():\n    return n\n", False),
        ("answer = {}\nanswer[0] = 1\n", "answer = {}\nanswer[0] = 2\n", False),
        ("answer = 1\nif answer:\n    n = 1\n", "answer = 1\nif answer:\n    n = 2\n", False),
        ("answer = 1\n@register\ndef f():\n    return 1\n", "answer = 1\n@register\ndef f():\n    return 2\n", False),
        ("answer = 1\nn = register(1)\n", "answer = 1\nn = register(2)\n", False),
        ("answer = 1\nn = re.compile('a')\n", "answer = 1\nn = re.compile('b')\n", True),
        # For types alone.
        ("if TYPE_CHECKING:\n    n = 1\nanswer = 1\n", "if TYPE_CHECKING:\n    n = 2\nanswer = 1\n", True),
    ],
)
def test_hash_follows_what_is_reached_and_nothing_else(hash_with: Package, before: str, after: str, same: bool) -> None:
    first = hash_with({"script.py": ANSWER, "module.py": before})
    assert (hash_with({"module.py": after}) == first) is same


@pytest.mark.parametrize(
    "text",
    [
        "from tr300m.a.b.c import x\n",
        "from tr300m.a.b import c\n",
        "import tr300m.a.b.c as m\nprint(m.x)\n",
        "def f():\n    from tr300m.a.b.c import x\n    return x\nf()\n",
        "from tr300m.relative import x\n",
    ],
)
def test_every_form_of_import_is_followed(hash_with: Package, text: str) -> None:
    files = {"a/__init__.py": "", "a/b/__init__.py": "", "a/b/c.py": "from ..d import y as x\n", "a/d.py": "y = 1\n"}
    first = hash_with({"script.py": text, "__init__.py": "", "relative.py": "from .a.b.c import x\n", **files})
    assert hash_with({"a/d.py": "y = 2\n"}) != first
    hash_with({"a/d.py": "y = 1\n"})
    # Python runs these on the way; the front door's imports are lazy.
    assert hash_with({"a/b/__init__.py": "print(1)\n"}) != first
    hash_with({"a/b/__init__.py": ""})
    assert hash_with({"a/__init__.py": "print(1)\n"}) != first
    hash_with({"a/__init__.py": ""})
    assert hash_with({"__init__.py": "print(1)\n"}) == first


def test_names_of_the_front_door_are_refused(hash_with: Package) -> None:
    with pytest.raises(TR300MError, match="Dataset"):
        hash_with({"script.py": "from tr300m import Dataset\n", "__init__.py": "def __getattr__(name): ...\n"})


def test_modules_of_one_name_are_told_apart(hash_with: Package) -> None:
    script = "from tr300m.a.m import x\nfrom tr300m.b.m import y\n"
    first = hash_with({"script.py": script, "a/m.py": "x = y = 1\n", "b/m.py": "x = y = 2\n"})
    assert hash_with({"a/m.py": "x = y = 2\n", "b/m.py": "x = y = 1\n"}) != first


def test_exempt_is_a_file_and_not_every_file_of_that_name(hash_with: Package) -> None:
    """A module that shows progress shapes no result; one of that name in a stage's own folder may."""
    script = "from tr300m.base.progress import x\nfrom tr300m.training.progress import y\n"
    first = hash_with({"script.py": script, "base/progress.py": "x = 1\n", "training/progress.py": "y = 1\n"})
    assert hash_with({"base/progress.py": "x = 2\n"}) == first
    assert hash_with({"training/progress.py": "y = 2\n"}) != first


def test_messages_shape_no_result() -> None:
    assert {"base.errors", "base.job", "base.progress"} <= names_used_by("train.py")
    assert {"base/disk.py", "base/errors.py", "base/job.py", "base/progress.py"} == provenance.WITHOUT_EFFECT
    assert all((PACKAGE / name).is_file() for name in provenance.WITHOUT_EFFECT)


@pytest.mark.parametrize(
    ("module", "name", "scripts"),
    [
        ("base/array_files.py", "class ArrayWriter", {"expression.py", "histones.py"}),
        ("base/files.py", "def write_tsv", {"train.py", "genes.py", "table1.py"}),
        ("base/files.py", "def read_lines", {"genome.py", "gene_lines.py"}),
    ],
)
def test_what_an_edit_of_one_function_reruns(module: str, name: str, scripts: set[str]) -> None:
    """Files are read and written everywhere: only the functions that a script reaches may count for it."""
    looked_at = {"expression.py", "histones.py", "train.py", "genes.py", "genome.py", "gene_lines.py", "table1.py"}
    found = {
        script
        for script in looked_at
        if any(name in text.split("(")[0] for text in reached(SCRIPTS / script).get(PACKAGE / module, []))
    }
    assert scripts <= found
    assert name != "class ArrayWriter" or found == scripts


@pytest.mark.parametrize("script", ["genes.py", "table1.py", "simulate_genome.py", "evaluation.py", "download.py"])
def test_all_modules_that_a_script_loads_are_known(script: str) -> None:
    assert loaded_by(script) <= set(modules(SCRIPTS / script))


@pytest.mark.slow
@pytest.mark.parametrize("script", ["train.py", "predict.py", "panels.py", "motif_training.py"])
def test_all_modules_that_a_heavy_script_loads_are_known(script: str) -> None:
    assert loaded_by(script) <= set(modules(SCRIPTS / script))


def loaded_by(script: str) -> set[Path]:
    """Run a script's imports, those inside its blocks and functions too; return the package's files then loaded."""
    nodes = ast.walk(ast.parse((SCRIPTS / script).read_text()))
    imports = [ast.unparse(node) for node in nodes if isinstance(node, ast.Import | ast.ImportFrom)]
    show = "print(*(m.__file__ for n, m in sys.modules.items() if n.startswith('tr300m.')), sep='\\n')"
    command = [sys.executable, "-c", "\n".join(["import sys", *imports, show])]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=SCRIPTS)
    return {Path(line) for line in done.stdout.split()}


# Finding code or text by a name that is made at run time: the hash could not follow it.
DYNAMIC = {"import_module", "__import__", "globals", "eval", "exec", "run_module", "run_path", "__getattr__"}
READS_DOCSTRINGS = {"__doc__", "getdoc", "getsource"}


@pytest.mark.parametrize(
    "path",
    sorted({*SCRIPTS.rglob("*.py")} - {PACKAGE / "__init__.py"}),
    ids=lambda path: str(path.relative_to(SCRIPTS)),
)
def test_code_is_what_its_text_says(path: Path) -> None:
    nodes = list(ast.walk(ast.parse(path.read_text())))
    names = {node.id for node in nodes if isinstance(node, ast.Name)}
    names |= {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    names |= {node.name for node in nodes if isinstance(node, ast.FunctionDef)}
    names |= {alias.name for node in nodes if isinstance(node, ast.Import | ast.ImportFrom) for alias in node.names}
    assert not names & (DYNAMIC | READS_DOCSTRINGS | {"*"})


def test_modules_are_followed_through_others() -> None:
    assert {"arrays.genes", "base.axes", "base.errors", "base.files"} <= names_used_by("genes.py")
    assert "model.network" not in names_used_by("genes.py")
    assert "training.train" in names_used_by("train.py")
