"""Print which packages of tr300m import which, as a Mermaid diagram, or write it into docs/architecture.md.

Usage: python docs/draw_imports.py [--write]
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "workflow/scripts/tr300m"
PAGE = ROOT / "docs/architecture.md"
BEGIN, END = "<!-- imports -->\n", "<!-- end of imports -->\n"


def imported(path: Path) -> Iterator[str]:
    """Yield the packages, or modules beside them, that a module imports from."""
    home = path.relative_to(PACKAGE).parts[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            target = [*home[: len(home) - node.level + 1], *(node.module.split(".") if node.module else [])]
            yield from [target[0]] if target else [alias.name for alias in node.names]


def edges() -> dict[str, set[str]]:
    """Return the packages that each package imports from, itself left out."""
    found: dict[str, set[str]] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        if parts != ("__init__",):
            found.setdefault(parts[0], set()).update(set(imported(path)) - {parts[0]})
    return found


def reached(graph: dict[str, set[str]], start: str) -> set[str]:
    """Return everything that `start` imports, directly or through others."""
    found = set(graph[start])
    for name in graph[start]:
        found |= reached(graph, name)
    return found


def diagram() -> str:
    """Return the Mermaid diagram: an arrow from a package to those that import it, without arrows that others imply."""
    graph = edges()
    lines = ["```mermaid", "flowchart LR"]
    for name, needed in graph.items():
        implied = {other for through in needed for other in reached(graph, through)}
        lines += [f"  {other} --> {name}" for other in sorted(needed - implied)]
    return "\n".join([*lines, "```", ""])


def drawn(text: str) -> str:
    """Return the text of a page with the diagram between its two markers."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + BEGIN + diagram() + END + after


if __name__ == "__main__":
    if "--write" in sys.argv:
        PAGE.write_text(drawn(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    else:
        print(diagram())
