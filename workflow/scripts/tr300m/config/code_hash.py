"""A hash over the code of the package that a script uses.

The hash follows names, not files. Of each module that a script loads, it includes the functions, classes and constants
that the script can reach, directly or through others, and every statement that runs when the module is imported. A
change of a function that the script cannot reach does not change the hash. Names that are looked up at run time cannot
be followed: `tests/config/test_code_hash.py` refuses code that does so (`importlib`, `globals`, `__doc__`).
"""

import ast
import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from ..base.errors import TR300MError

PACKAGE = Path(__file__).parents[1]
WITHOUT_EFFECT = frozenset({"base/disk.py", "base/errors.py", "base/job.py", "base/progress.py"})
"""Files, relative to the package, that print messages and do not affect results."""
# These decorators have no side effect. Any other may, such as registering the function.
PURE_DECORATORS = frozenset({"cache", "contextmanager", "dataclass"})
# These calls have no side effect. Any other call on import may.
PURE_CALLS = frozenset({"cast", "float", "frozenset", "re.compile"})
ALL = "*"
"""Stands for all names of a module."""


class _Import(NamedTuple):
    """An imported name: `name` of `file`, or `ALL` if the module itself was imported."""

    file: Path
    name: str


class _Statement(NamedTuple):
    """A statement at the top level of a module."""

    text: str
    """Source text without comments, docstrings and formatting."""
    defines: frozenset[str]
    """Names that it defines in the module."""
    mentions: frozenset[str]
    """Names that it looks up, also inside functions."""
    imports: frozenset[_Import]
    runs: bool
    """Whether it may do more than define names when the module is imported."""


class _Strip(ast.NodeTransformer):
    """Remove code that cannot change a result: docstrings, and imports that only type checkers read."""

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
    """Return an import of several names as one import per name; any other statement unchanged."""
    if isinstance(node, ast.ImportFrom):
        return [ast.ImportFrom(node.module, [alias], node.level) for alias in node.names]
    return [ast.Import([alias]) for alias in node.names] if isinstance(node, ast.Import) else [node]


@cache
def _statements(path: Path, source: str) -> tuple[_Statement, ...]:
    """Return the statements at the top level of a Python file."""
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
    """Return the names that a statement defines; none for loops and other statements that are always included."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return frozenset({node.name})
    if isinstance(node, ast.Import | ast.ImportFrom):
        return frozenset(alias.asname or alias.name.split(".")[0] for alias in node.names)
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return frozenset(item.id for target in targets for item in ast.walk(target) if isinstance(item, ast.Name))


def _runs(node: ast.stmt) -> bool:
    """Return whether a statement may do more than define names when the module is imported."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        return False
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        made = [item.func if isinstance(item, ast.Call) else item for item in node.decorator_list]
        return any(ast.unparse(item).split(".")[-1] not in PURE_DECORATORS for item in made)
    if isinstance(node, ast.Assign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        # `table["key"] = value` changes an object that another statement defined.
        plain = all(isinstance(target, ast.Name | ast.Tuple) for target in targets)
        calls = {ast.unparse(item.func) for item in ast.walk(node) if isinstance(item, ast.Call)}
        return not plain or bool(calls - PURE_CALLS)
    return True


def _imports(path: Path, node: ast.AST) -> Iterator[_Import]:
    """Yield the names that a node of a Python file imports from the package.

    Raises
    ------
    TR300MError
        If it imports a name from the package's own `__init__.py`, which looks up names at run time.
    """
    if isinstance(node, ast.Import):
        for alias in node.names:
            if alias.name.split(".")[0] == PACKAGE.name:
                yield from _loaded(PACKAGE.parent, alias.name.split("."), ALL)
    elif isinstance(node, ast.ImportFrom):
        # One dot is the package of the importing file. Absolute imports start at the parent of the package.
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
    """Yield `name` in the file of a module, if there is one; the file of a package is its `__init__.py`."""
    base = root.joinpath(*parts)
    for file in (base.with_suffix(".py"), base / "__init__.py"):
        if file.is_file():
            yield _Import(file, name)


def _of(path: Path) -> tuple[_Statement, ...]:
    return _statements(path, path.read_text(encoding="utf-8"))


def _parents(file: Path) -> set[Path]:
    """Return the `__init__.py` of each package around a file, which Python runs first, except the top one.

    The top one imports lazily, for notebooks. If it were included, every script would depend on every module.
    """
    folders = [folder for folder in file.parents if folder.is_relative_to(PACKAGE)]
    return {found for folder in folders if (found := folder / "__init__.py").is_file()}


def modules(script: Path) -> list[Path]:
    """Return the files of the package that a script imports, directly or through others, sorted.

    Raises
    ------
    TR300MError
        If one of them imports a name from the package's own `__init__.py`.
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
    """Return the statements that the results of scripts may depend on, in the scripts and in the modules they load.

    Returns
    -------
    dict
        Text of the statements by file, in order.
    """
    loaded = {file for script in scripts for file in modules(script)}
    code = {file: _of(file) for file in loaded.union(scripts)}
    # All statements of the scripts, and of each loaded file the statements that run on import.
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
    """Return a hash over scripts and the code that they can reach, without comments and docstrings."""
    used = {_name(file): texts for file, texts in reached(*map(Path, scripts)).items()}
    exempt = {_name(PACKAGE / file) for file in WITHOUT_EFFECT}
    digest = hashlib.sha256()
    for name in sorted(used.keys() - exempt):
        digest.update("\0".join([name, *used[name], ""]).encode())
    return digest.hexdigest()[:16]


def _name(file: Path) -> str:
    """Return the path of a file relative to the folder of the scripts; it is unique, unlike the name of the file."""
    home = PACKAGE.parent
    return file.relative_to(home).as_posix() if file.is_relative_to(home) else file.name
