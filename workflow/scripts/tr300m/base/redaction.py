"""Remove what must not be written or shown: credentials in addresses, names of home folders.

Only the request for a file uses the address as it was given. Records, manifest, logs, messages, parameters of rules and
the report use the address that `public` returns, also to decide whether two addresses are the same.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit, urlunsplit

HIDDEN = "..."
# Query parameters that grant access and do not choose the file, by a part of their name. Those of Azure are short.
CREDENTIAL = re.compile(
    r"sig|token|key|secret|pass|pwd|auth|cred|expir|policy|session|jwt|^x-(amz|goog)-|^code$|"
    r"^(se|sp|st|sr|ss|srt|sv|sip|spr|sdd|skoid|sktid|skt|ske|sks|skv)$",
    re.IGNORECASE,
)
ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s'\"<>]+")
# A query after a path without host, as in some messages of libraries.
QUERY = re.compile(r"\?[^\s'\"<>]*=[^\s'\"<>]*")
HOME = re.compile(r"(?<![\w.~-])/(?:home|Users)/[^/\s'\"<>&|,;:]+")


def public(url: str) -> str:
    """Return an address without user, password, query and fragment.

    A query is replaced by ``?...`` and, if it has parameters other than credentials, eight digits of their hash.
    Another ``?file=`` therefore gives another address, and a renewed signature does not.
    """
    parts = urlsplit(url)
    chosen = sorted(item for item in parse_qsl(parts.query, keep_blank_values=True) if not CREDENTIAL.search(item[0]))
    if parts.query.startswith(HIDDEN) or not parts.query:
        query = parts.query
    else:
        query = HIDDEN + (hashlib.sha256(json.dumps(chosen).encode()).hexdigest()[:8] if chosen else "")
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, query, ""))


def redacted(text: str) -> str:
    """Return a text, such as a message of a library, with `public` applied to every address in it."""
    if ADDRESS.match(text) and " " not in text:
        return public(text)
    text = ADDRESS.sub(lambda found: public(found[0]), text)
    return QUERY.sub(lambda found: found[0] if found[0].startswith("?" + HIDDEN) else f"?{HIDDEN}", text)


def without_home(text: str) -> str:
    """Return a text in which ``~`` replaces home folders: the user's, and all in ``/home`` and ``/Users``."""
    own = str(Path.home())
    if len(own) > 1:
        text = re.sub(rf"(?<![\w.~-]){re.escape(own)}(?![\w.-])", "~", text)
    return HOME.sub("~", text)


def shareable(value: Any) -> Any:
    """Return nested settings in which `redacted` and `without_home` were applied to every text."""
    if isinstance(value, Mapping):
        return {key: shareable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [shareable(item) for item in value]
    return without_home(redacted(value)) if isinstance(value, str) else value
