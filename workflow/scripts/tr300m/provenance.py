"""Code provenance: which modules a script uses, and one hash over them."""

import ast
import hashlib
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parent


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


def code_hash(script: Path | str) -> str:
    """Return a hash over the modules that a script uses: names and contents, not times."""
    digest = hashlib.sha256()
    for file in modules(Path(script)):
        digest.update(file.relative_to(PACKAGE).as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()[:16]
