"""Code provenance: which code of the package a script uses, and one hash over it.

The hash follows names, not whole files: of a module that a script loads it takes the functions, classes and constants
that the script reaches, directly or through others, and every statement that runs when the module is imported. Editing
a function that a script cannot reach therefore changes nothing for it. Python is followed as far as its text tells:
`tests/test_provenance.py` refuses code that finds names at run time (`importlib`, `globals`, `__doc__`).
"""

import ast
import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from ..base.errors import TR300MError

PACKAGE = Path(__file__).parents[1]
WITHOUT_EFFECT = frozenset({"base/errors.py", "base/job.py", "base/progress.py"})
"""Files that tell the user something and shape no result, relative to the package."""
# They change nothing outside of what they decorate. Any other decorator may register it somewhere.
PURE_DECORATORS = frozenset({"cache", "contextmanager", "dataclass"})
# They give a value and do nothing else. Any other call on import may.
PURE_CALLS = frozenset({"cast", "float", "frozenset", "re.compile"})
ALL = "*"
"""In place of a name: everything that a module defines."""


class _Import(NamedTuple):
    """One imported name: `name` of `file`; `ALL` where the module itself was imported."""

    file: Path
    name: str


class _Statement(NamedTuple):
    """A statement at the top of a module."""

    text: str
    """Without comments, docstrings and layout."""
    defines: frozenset[str]
    """Names that it gives the module."""
    mentions: frozenset[str]
    """Names that it, or any code inside it, looks up."""
    imports: frozenset[_Import]
    runs: bool
    """Whether it may do more on import than define its names."""


class _Strip(ast.NodeTransformer):
    """Remove what cannot change a result: strings that stand alone (docstrings), and imports for types alone."""

    def visit_Expr(self, node: ast.Expr) -> ast.Expr | None:
        alone = isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        return None if alone else node

    def visit_If(self, node: ast.If) -> ast.AST | list[ast.stmt]:
        self.generic_visit(node)
        return node.orelse if isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING" else node

    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        if getattr(node, "body", None) == [] and not isinstance(node, ast.Module):
            node.body = [ast.Pass()]  # type: ignore[attr-defined]
        return node


def _split_aliases(node: ast.stmt) -> list[ast.stmt]:
    """Return an import of several names as imports of one, so that each counts where it is used; else `node`."""
    if isinstance(node, ast.ImportFrom):
        return [ast.ImportFrom(node.module, [alias], node.level) for alias in node.names]
    return [ast.Import([alias]) for alias in node.names] if isinstance(node, ast.Import) else [node]


@cache
def _statements(path: Path, source: str) -> tuple[_Statement, ...]:
    """Return the statements at the top of a Python file."""
    tree = _Strip().visit(ast.parse(source))
    return tuple(_statement(path, node) for whole in tree.body for node in _split_aliases(whole))


def _statement(path: Path, node: ast.stmt) -> _Statement:
    inside = list(ast.walk(node))
    return _Statement(
        text=ast.unparse(node),
        defines=_defines(node),
        mentions=frozenset(item.id for item in inside if isinstance(item, ast.Name)),
        imports=frozenset(found for item in inside for found in _imports(path, item)),
        runs=_runs(node),
    )


def _defines(node: ast.stmt) -> frozenset[str]:
    """Return the names that a statement gives its module; of loops and the like, which always count, nothing."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return frozenset({node.name})
    if isinstance(node, ast.Import | ast.ImportFrom):
        return frozenset(alias.asname or alias.name.split(".")[0] for alias in node.names)
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return frozenset(item.id for target in targets for item in ast.walk(target) if isinstance(item, ast.Name))


def _runs(node: ast.stmt) -> bool:
    """Return whether a statement may do more on import than define its names."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        return False
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        made = [item.func if isinstance(item, ast.Call) else item for item in node.decorator_list]
        return any(ast.unparse(item).split(".")[-1] not in PURE_DECORATORS for item in made)
    if isinstance(node, ast.Assign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        # `table["key"] = value` changes what another statement defined.
        plain = all(isinstance(target, ast.Name | ast.Tuple) for target in targets)
        calls = {ast.unparse(item.func) for item in ast.walk(node) if isinstance(item, ast.Call)}
        return not plain or bool(calls - PURE_CALLS)
    return True


def _imports(path: Path, node: ast.AST) -> Iterator[_Import]:
    """Yield what a node of a Python file imports from the package, if it is an import.

    Raises
    ------
    TR300MError
        If it takes a name from the package's own `__init__.py`, which finds names at run time.
    """
    if isinstance(node, ast.Import):
        for alias in node.names:
            if alias.name.split(".")[0] == PACKAGE.name:
                yield from _loaded(PACKAGE.parent, alias.name.split("."), ALL)
    elif isinstance(node, ast.ImportFrom):
        # One dot is the importing file's own package; the root for an absolute import is the package's parent.
        root = path.parents[node.level - 1] if node.level else PACKAGE.parent
        parts = node.module.split(".") if node.module else []
        if not node.level and parts[:1] != [PACKAGE.name]:
            return
        for alias in node.names:
            modules = list(_loaded(root, [*parts, alias.name], ALL))
            if not modules and root.joinpath(*parts) == PACKAGE:
                raise TR300MError(f"{path} imports {alias.name} from {PACKAGE.name}", "import it from its own module")
            yield from modules or _loaded(root, parts, alias.name)


def _loaded(root: Path, parts: list[str], name: str) -> Iterator[_Import]:
    """Yield `name` of the file of a dotted module name, if it is one; a package's file is its `__init__.py`."""
    base = root.joinpath(*parts)
    for file in (base.with_suffix(".py"), base / "__init__.py"):
        if file.is_file():
            yield _Import(file, name)


def _of(path: Path) -> tuple[_Statement, ...]:
    return _statements(path, path.read_text(encoding="utf-8"))


def _parents(file: Path) -> set[Path]:
    """Return the `__init__.py` of each package around a file, which Python runs before it; without the outermost.

    The outermost imports lazily, for notebooks: followed, it would make every script depend on every module.
    """
    folders = [folder for folder in file.parents if folder.is_relative_to(PACKAGE)]
    return {found for folder in folders if (found := folder / "__init__.py").is_file()}


def modules(script: Path) -> list[Path]:
    """Return the package's files that a script imports, directly or through others, sorted.

    Raises
    ------
    TR300MError
        If one of them takes a name from the package's own `__init__.py`.
    """
    top = PACKAGE / "__init__.py"
    seen: set[Path] = {top}
    queue = [script]
    while queue:
        imported = {found.file for statement in _of(queue.pop()) for found in statement.imports}
        new = {file for found in imported for file in (found, *_parents(found))} - seen
        seen |= new
        queue += new
    return sorted(seen - {top})


def reached(*scripts: Path) -> dict[Path, list[str]]:
    """Return the statements that the results of scripts may depend on: their own, and of each module they load.

    Returns
    -------
    dict
        File to the text of its statements, in their order.
    """
    loaded = {file for script in scripts for file in modules(script)}
    code = {file: _of(file) for file in loaded.union(scripts)}
    # Of every file that is loaded, what runs on import; of the scripts, everything.
    queue = [*(_Import(script, ALL) for script in scripts), *(_Import(file, "") for file in loaded)]
    asked = set(queue)
    found: dict[Path, set[int]] = {file: set() for file in code}
    while queue:
        file, name = queue.pop()
        for number, statement in enumerate(code[file]):
            wanted = name == ALL or name in statement.defines or statement.runs
            if wanted and number not in found[file]:
                found[file].add(number)
                new = {*statement.imports, *(_Import(file, other) for other in statement.mentions)} - asked
                asked |= new
                queue += new
    return {file: [code[file][number].text for number in sorted(numbers)] for file, numbers in found.items()}


def code_hash(*scripts: Path | str) -> str:
    """Return a hash over scripts and the code they reach: file names and code, not times, comments or docstrings."""
    used = {_name(file): texts for file, texts in reached(*map(Path, scripts)).items()}
    exempt = {_name(PACKAGE / file) for file in WITHOUT_EFFECT}
    digest = hashlib.sha256()
    for name in sorted(used.keys() - exempt):
        digest.update("\0".join([name, *used[name], ""]).encode())
    return digest.hexdigest()[:16]


def _name(file: Path) -> str:
    """Return a file's path below the folder of the package and the scripts: two modules of one name stay apart."""
    home = PACKAGE.parent
    return file.relative_to(home).as_posix() if file.is_relative_to(home) else file.name
