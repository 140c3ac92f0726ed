"""Write the conda environments: what the scripts of the rules import, and all that it needs, as the locks pin it.

Usage: python envs/write_conda.py [FOLDER]

A rule names its environment, so the scripts of an environment are those of the rules that name it. What they import is
found as the hash of the code finds it (`tr300m.config.code_hash`). A lock names for each package those that need it.
"""

import ast
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
RULES = ROOT / "workflow/rules"
sys.path.insert(0, str(ROOT / "workflow/scripts"))

from tr300m.config.code_hash import modules  # noqa: E402


class Environment(NamedTuple):
    """What one conda environment is for."""

    lock: str
    """The lock of its pins, in envs/."""
    purpose: str
    """Its first line."""
    rules: str
    """How its rules name it; empty for none."""
    extra: tuple[str, ...] = ()
    """Packages that no script imports."""


ENVIRONMENTS = {
    "driver": Environment(
        "clusters.lock",
        "Snakemake itself, with the executor for SLURM: `conda env create --name tr300m --file envs/driver.yaml`.",
        "",
        ("snakemake-executor-plugin-slurm",),
    ),
    "arrays": Environment(
        "cpu.lock", "Every rule that needs no Keras: arrays, features, baselines, tables and figures.", "arrays.yaml"
    ),
    "training_cpu": Environment(
        "cpu.lock", "Rules that need Keras, without a GPU (`compute: device: cpu`).", "KERAS_ENVIRONMENT"
    ),
    "training_gpu": Environment(
        "gpu.lock", "Rules that need Keras, with CUDA. Without a GPU they run on the CPU.", "KERAS_ENVIRONMENT"
    ),
}
DISTRIBUTIONS = {"Bio": "biopython", "markdown_it": "markdown-it-py", "sklearn": "scikit-learn", "yaml": "pyyaml"}
"""Packages whose name differs from that of their module by more than case."""


def imported(path: Path) -> set[str]:
    """Return the packages from elsewhere that a file, and what it imports of this package, imports anywhere."""
    found = set().union(*(_names(file) for file in [path, *modules(path)]))
    return {
        DISTRIBUTIONS.get(name, name.lower().replace("_", "-")) for name in found - sys.stdlib_module_names - {"tr300m"}
    }


@cache
def _names(file: Path) -> frozenset[str]:
    return frozenset(_named(ast.parse(file.read_text(encoding="utf-8"))))


def _named(node: ast.AST) -> Iterator[str]:
    """Yield the first part of each absolute import below a node, except those for types alone."""
    if isinstance(node, ast.Import):
        yield from (alias.name.split(".")[0] for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
        yield node.module.split(".")[0]
    for_types = isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    for child in node.orelse if for_types else ast.iter_child_nodes(node):  # type: ignore[attr-defined]
        yield from _named(child)


def scripts_of_rules() -> list[tuple[str, str, Path]]:
    """Return of each rule with a script its name, what stands below `conda:`, and the script."""
    found = []
    for file in sorted(RULES.glob("*.smk")):
        for rule in re.split(r"^(?:rule|use rule) ", file.read_text(encoding="utf-8"), flags=re.M)[1:]:
            conda = re.search(r"^ +conda:\s+(.+)", rule, flags=re.M)
            script = re.search(r'^ +script:\s+"(.+)"', rule, flags=re.M)
            if script:
                name = re.match(r"\w+", rule)
                found.append((name[0] if name else "", conda[1] if conda else "", RULES / script[1]))
    return found


def locked(lock: Path) -> tuple[dict[str, str], dict[str, set[str]]]:
    """Return the pin of each package of a lock, with its marker, and the packages that each needs."""
    pins: dict[str, str] = {}
    needs: dict[str, set[str]] = {}
    for block in re.split(r"\n(?=\w)", lock.read_text(encoding="utf-8")):
        pin = block.split(" \\\n")[0]
        name = pin.split("==")[0]
        pins[name] = pin
        for parent in re.findall(r"^ +# +(?:via )?([\w.-]+)$", block, flags=re.M):
            needs.setdefault(parent, set()).add(name)
    return pins, needs


def closure(roots: set[str], needs: dict[str, set[str]]) -> set[str]:
    """Return packages and all that they need."""
    found: set[str] = set()
    while roots:
        found |= roots
        roots = set().union(*(needs.get(name, set()) for name in roots)) - found
    return found


def text(name: str) -> str:
    """Return the file of an environment."""
    environment = ENVIRONMENTS[name]
    # Snakemake's lines before each script import it, whatever the script imports.
    roots = {"snakemake", *environment.extra}
    if environment.rules:
        roots |= set().union(
            *(imported(script) for _, conda, script in scripts_of_rules() if environment.rules in conda)
        )
    else:
        roots |= imported(RULES / "common.smk")
    pins, needs = locked(ROOT / "envs" / environment.lock)
    lines = [
        f'      - "{pins[package]}"' if ";" in pins[package] else f"      - {pins[package]}"
        for package in sorted(closure(roots, needs))
    ]
    return "\n".join(
        [
            f"# {environment.purpose}",
            f"# Written by `make conda` from the imports and envs/{environment.lock}.",
            "channels:",
            "  - conda-forge",
            "  - nodefaults",
            "dependencies:",
            "  - python=3.12",
            "  - pip",
            "  - pip:",
            *lines,
            "",
        ]
    )


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "envs"
    for name in ENVIRONMENTS:
        (folder / f"{name}.yaml").write_text(text(name), encoding="utf-8")
