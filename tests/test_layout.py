"""The package's layout: imports run one way, `__init__` files are empty, modules are short, names stay private."""

import ast
import re
import subprocess
import sys
import tomllib
from graphlib import TopologicalSorter
from pathlib import Path

import pytest
from tr300m.config.code_hash import PACKAGE

ROOT = Path(__file__).parents[1]
# A module imports from its own package and from those before it.
ORDER = (
    "base", "config", "sources", "simulate", "arrays", "dataset", "features", "release", "export", "metrics",
    "baselines", "model", "factorised", "training", "evaluation", "use", "results", "motif_detection", "preflight",
    "cli_options", "gzip_command", "commands", "cli", "__init__",
)  # fmt: skip
MOST_LINES = 350
MODULES = sorted(PACKAGE.rglob("*.py"))
SCRIPTS = sorted(PACKAGE.parent.glob("*.py"))


def name(path: Path) -> str:
    return str(path.relative_to(PACKAGE.parent))


def top(path: Path) -> str:
    """Return the first part of a module's place below the package."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def file_of(place: Path) -> Path | None:
    """Return the file of a module or package."""
    return next((file for file in (place.with_suffix(".py"), place / "__init__.py") if file.is_file()), None)


def imports(path: Path, tree: ast.AST) -> set[tuple[Path, str]]:
    """Return the package's files that some code imports, with the name each import asks for ("" for all of it)."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            places = [(PACKAGE.parent.joinpath(*alias.name.split(".")), "") for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            root = path.parents[node.level - 1] if node.level else PACKAGE.parent
            base = root.joinpath(*(node.module or "").split(".")) if node.module else root
            places = [
                (base / alias.name, "") if file_of(base / alias.name) else (base, alias.name) for alias in node.names
            ]
        else:
            continue
        for place, asked in places:
            file = file_of(place)
            if file is not None and file.is_relative_to(PACKAGE):
                found.add((file, asked))
    return found


def when_loaded(tree: ast.Module) -> ast.Module:
    """Return what runs when a module is imported: no functions, nothing for types alone."""
    body = [node for node in tree.body if not isinstance(node, ast.FunctionDef | ast.ClassDef)]
    return ast.Module(
        [node for node in body if not (isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node))], []
    )


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.endswith("__")


def test_every_module_has_its_place() -> None:
    assert {top(path) for path in MODULES} - {"use"} == set(ORDER) - {"use"}


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_imports_run_one_way(path: Path) -> None:
    """Those inside functions and for types too."""
    found = {file for file, _ in imports(path, ast.parse(path.read_text()))}
    later = {name(file) for file in found if ORDER.index(top(file)) > ORDER.index(top(path))}
    assert not later


def test_no_two_modules_import_each_other() -> None:
    graph = {path: {file for file, _ in imports(path, when_loaded(ast.parse(path.read_text())))} for path in MODULES}
    TopologicalSorter(graph).prepare()


@pytest.mark.parametrize("path", [path for path in MODULES if path.name == "__init__.py"], ids=name)
def test_packages_import_nothing(path: Path) -> None:
    """But for the front door, which imports on demand."""
    tree = ast.parse(path.read_text())
    assert ast.get_docstring(tree)
    assert len(tree.body) == 1 or path.parent == PACKAGE


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_modules_are_short(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= MOST_LINES


@pytest.mark.parametrize("path", [*MODULES, *SCRIPTS], ids=name)
def test_private_names_stay_in_their_module(path: Path) -> None:
    tree = ast.parse(path.read_text())
    found = imports(path, tree)
    assert not {asked for _, asked in found if is_private(asked)}
    modules = {file.parent.name if file.name == "__init__.py" else file.stem for file, asked in found if not asked}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules:
            assert not is_private(node.attr), ast.unparse(node)


def defined_names(tree: ast.Module) -> set[str]:
    """Return the names that a module defines at its top, without those that it imports and commands of click."""
    found = set()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            decorators = [ast.unparse(decorator) for decorator in node.decorator_list]
            found |= set() if any(".command(" in text for text in decorators) else {node.name}
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        plain = [target for target in targets if isinstance(target, ast.Name | ast.Tuple)]
        found |= {item.id for target in plain for item in ast.walk(target) if isinstance(item, ast.Name)}
    return found


def test_public_names_are_unique() -> None:
    """One name stands for one thing in the whole package; a name of one module alone can be private."""
    homes: dict[str, list[str]] = {}
    for path in MODULES:
        for found in defined_names(ast.parse(path.read_text())):
            homes.setdefault(found, []).append(name(path))
    assert not {found: paths for found, paths in homes.items() if len(paths) > 1 and not found.startswith("_")}


def test_the_installed_packages_are_the_folders() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    folders = {path.parent.relative_to(PACKAGE.parent) for path in MODULES if path.name == "__init__.py"}
    assert sorted(settings["packages"]) == sorted(".".join(folder.parts) for folder in folders)
    assert {path.parent for path in MODULES} == {PACKAGE.parent / folder for folder in folders}
    assert settings["package-dir"] == {"tr300m": str(PACKAGE.parent.relative_to(ROOT) / "tr300m")}


def test_the_documents_print_the_order() -> None:
    page = (ROOT / "docs/architecture.md").read_text()
    blocks = [block.split() for block in re.findall(r"^```(?:text)?\n(.*?)^```", page, flags=re.M | re.S)]
    assert list(ORDER[:-1]) in blocks


def test_the_picture_of_the_imports_is_current() -> None:
    """Drawn by `make docs`."""
    script = ROOT / "docs/draw_imports.py"
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() in (ROOT / "docs/architecture.md").read_text()


def test_documents_name_tests_that_exist() -> None:
    pages = [*ROOT.glob("*.md"), *ROOT.glob("*/*.md"), ROOT / "pyproject.toml", ROOT / "Makefile"]
    named = {path for page in pages for path in re.findall(r"\btests/[\w/]+\.py\b", page.read_text())}
    assert named
    assert not {path for path in named if not (ROOT / path).is_file()}


def test_no_test_imports_another() -> None:
    for path in (ROOT / "tests").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            modules += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not [module for module in modules if module.split(".")[-1].startswith("test_")], path
