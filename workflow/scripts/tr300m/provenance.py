"""Code provenance: which modules a script uses, and one hash over them."""

import ast
import hashlib
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parent
# They tell the user something and shape no result.
WITHOUT_EFFECT = frozenset({"errors", "job", "progress"})


@cache
def _imports(path: Path) -> frozenset[Path]:
    """Return the package's files that a Python file imports directly."""
    found: set[Path] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] == PACKAGE.name:
                    found |= _files(PACKAGE.parent, alias.name.split("."))
        elif isinstance(node, ast.ImportFrom):
            # One dot is the importing file's own package; the root for an absolute import is the package's parent.
            root = path.parents[node.level - 1] if node.level else PACKAGE.parent
            parts = node.module.split(".") if node.module else []
            if node.level or parts[:1] == [PACKAGE.name]:
                found |= _files(root, parts)
                for alias in node.names:
                    found |= _files(root, [*parts, alias.name])
    return frozenset(found)


def _files(root: Path, parts: list[str]) -> set[Path]:
    """Return the file of a dotted module name, if it is one; a package counts by its `__init__.py`."""
    base = root.joinpath(*parts)
    return {file for file in (base.with_suffix(".py"), base / "__init__.py") if file.is_file()}


def modules(script: Path) -> list[Path]:
    """Return the package's files that a script imports, directly or through others, sorted."""
    top = PACKAGE / "__init__.py"
    seen: set[Path] = set()
    queue = [script]
    while queue:
        for file in _imports(queue.pop()) - seen:
            seen.add(file)
            # The package's front door imports lazily for notebooks; following it would make all depend on all.
            if file != top:
                queue.append(file)
    return sorted(seen - {top})


def _meaning(source: str) -> str:
    """Return Python source without comments, docstrings and layout: what can change a result."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            node.body[0] = ast.Pass()
    return ast.unparse(tree)


def code_hash(*scripts: Path | str) -> str:
    """Return a hash over scripts and the modules they use: names and code, not times, comments or docstrings."""
    used = {file for script in scripts for file in modules(Path(script)) if file.stem not in WITHOUT_EFFECT}
    digest = hashlib.sha256()
    for file in sorted(used | {Path(script) for script in scripts}):
        digest.update(f"{file.name}\0{_meaning(file.read_text('utf-8'))}\0".encode())
    return digest.hexdigest()[:16]
