"""The schema of the configuration: defaults, checks with messages that say what to write, documentation."""

import difflib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import yaml
from jsonschema import Draft202012Validator, ValidationError

from ..base.errors import TR300MError
from ..base.redaction import redacted

Schema = Mapping[str, Any]
CONFIG_FILE = Path("config/config.yaml")
# Snakemake accepts no keys of one letter on the command line.
KEY = re.compile(r"[a-zA-Z_][\w-]*\w")


def read_schema(path: Path | str) -> dict[str, Any]:
    """Read a JSON schema written as YAML."""
    with open(path, encoding="utf-8") as handle:
        schema: dict[str, Any] = yaml.safe_load(handle)
    Draft202012Validator.check_schema(schema)
    return schema


def read_configuration(files: Sequence[Path | str], values: Sequence[str]) -> dict[str, Any]:
    """Return the configuration as Snakemake merges it: config/config.yaml, then `files`, then ``KEY=VALUE`` values.

    Raises
    ------
    TR300MError
        If a file is missing or is not a mapping in YAML or JSON, or a value has no key.
    """
    # Snakemake's own function, which merges sections key by key. Imported here, because that takes long.
    from snakemake.utils import update_config

    config: dict[str, Any] = {}
    for path in (CONFIG_FILE, *files):
        update_config(config, _mapping(str(path), _read_text(path)))
    for entry in values:
        key, equals, text = entry.partition("=")
        if not equals:
            raise TR300MError(f"{entry!r} is not a setting", "write KEY=VALUE")
        if not KEY.fullmatch(key):
            raise TR300MError(f"{key!r} in {entry!r} is not a key", "write a key of config/README.md")
        update_config(config, {key: _value(text.strip("'\""))})
    return config


def _value(text: str) -> Any:
    """Parse a value as Snakemake does for ``--config``: a number, True or False, or YAML whose scalars are text."""
    if not text:
        return None
    for parse in (int, float, {"True": True, "False": False}.__getitem__, _yaml_of_text):
        try:
            return parse(text)
        except (ValueError, KeyError, yaml.YAMLError):
            continue
    return text


def _yaml_of_text(text: str) -> Any:
    return yaml.load(text, Loader=yaml.BaseLoader)


def _read_text(path: Path | str) -> str:
    try:
        return Path(path).expanduser().read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise TR300MError(f"{path} is not text", "is this the right file?") from None
    except OSError as error:
        hint = "run it in the folder of the Snakefile" if path == CONFIG_FILE else "check the path"
        raise TR300MError(f"cannot read {path}: {error.strerror}", hint) from None


def _mapping(name: str, text: str) -> dict[str, Any]:
    try:
        loaded = json.loads(text)
    except ValueError:
        try:
            loaded = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise _not_yaml(name, error) from None
    if not isinstance(loaded, dict):
        raise TR300MError(f"{name} contains no settings", "write KEY: VALUE, one per line")
    return loaded


def _not_yaml(name: str, error: yaml.YAMLError) -> TR300MError:
    mark = error.problem_mark if isinstance(error, yaml.MarkedYAMLError) else None
    where = f"{name}, line {mark.line + 1}, column {mark.column + 1}" if mark else name
    problem = redacted(str(error.problem if isinstance(error, yaml.MarkedYAMLError) else error))
    return TR300MError(
        f"{where}: not YAML: {problem}", "indent with spaces, not tabs; quote values that contain `: `, `#` or brackets"
    )


def fill_defaults(config: Mapping[str, Any], schema: Schema) -> dict[str, Any]:
    """Return `config` with the defaults of the schema for missing keys, also inside sections."""
    filled = dict(config)
    for key, entry in schema.get("properties", {}).items():
        if "default" in entry:
            filled.setdefault(key, entry["default"])
        if "properties" in entry and isinstance(filled.get(key), Mapping):
            filled[key] = fill_defaults(filled[key], entry)
    return filled


def find_problems(config: Mapping[str, Any], schema: Schema) -> list[str]:
    """Return a message for each key that is unknown, missing, of the wrong type or out of range."""
    errors = sorted(Draft202012Validator(schema).iter_errors(config), key=lambda error: list(map(str, error.path)))
    return [problem for error in errors for problem in _describe(error)]


def check(name: str, problems: list[str]) -> None:
    """Raise an error that lists all problems of the file or table `name`.

    Raises
    ------
    TR300MError
        If there is a problem.
    """
    if problems:
        lines = [f"  - {redacted(problem)}" for problem in problems]
        raise TR300MError("\n".join([f"{name} has {len(problems)} problem(s):", *lines]))


def _describe(error: ValidationError) -> Iterator[str]:
    where = ": ".join(str(part) for part in error.absolute_path)
    schema = cast(Schema, error.schema)
    if error.validator == "additionalProperties" and isinstance(error.instance, Mapping):
        known = list(schema.get("properties", {}))
        for key in error.instance:
            if key not in known:
                close = difflib.get_close_matches(str(key), known, n=1)
                advice = f"did you mean `{close[0]}`?" if close else f"known are {', '.join(known)}"
                yield f"`{where + ': ' if where else ''}{key}`: unknown key; {advice}"
        return
    meaning = f" ({_text(schema)})" if "description" in schema else ""
    if error.validator == "enum":
        choices = ", ".join(map(str, cast(list[Any], error.validator_value)))
        yield f"`{where}`: {error.instance!r} is not one of {choices}{meaning}"
    elif error.validator == "type":
        expected = cast(str | list[str], error.validator_value)
        names = " or ".join(expected if isinstance(expected, list) else [expected])
        found = type(error.instance).__name__
        yield f"`{where}`: {error.instance!r} is of type {found}; write {_article(names)}{meaning}"
    elif error.validator in ("pattern", "anyOf") and meaning:
        # The description is clearer than a regular expression or a list of alternatives.
        yield f"`{where}`: {error.instance!r} is not allowed{meaning}"
    else:
        yield f"`{where}`: {error.message}{meaning}"


def _article(names: str) -> str:
    return f"{'an' if names[0] in 'aeio' else 'a'} {names}"


def document(schema: Schema, prefix: str = "") -> list[str]:
    """Return the rows of a Markdown table: key, type or choices, default, description."""
    rows = []
    for key, entry in schema["properties"].items():
        if "properties" in entry:
            rows.append(f"| **`{prefix}{key}`** | section | | {_text(entry)} |")
            rows += document(entry, f"{prefix}{key}: ")
        else:
            kind = entry.get("enum") or entry["type"]
            kind = ", ".join(map(str, kind)) if isinstance(kind, list) else kind
            default = yaml.safe_dump(entry.get("default"), default_flow_style=True).replace("\n...", "").strip()
            rows.append(f"| `{prefix}{key}` | {kind} | `{default}` | {_text(entry)} |")
    return rows


def _text(entry: Schema) -> str:
    return " ".join(str(entry.get("description", "")).split())
