"""What must not be written down or shown: credentials in addresses, names of home folders.

An address is fetched as it was given. Everything else (records, manifest, logs, messages, parameters of rules, the
report) has it as `public` returns it, and decides by that whether it is still the same address.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit, urlunsplit

HIDDEN = "..."
# Parameters that admit to a file and do not choose one, by a part of their name; those of Azure have short names.
CREDENTIAL = re.compile(
    r"sig|token|key|secret|pass|pwd|auth|cred|expir|policy|session|jwt|^x-(amz|goog)-|^code$|"
    r"^(se|sp|st|sr|ss|srt|sv|sip|spr|sdd|skoid|sktid|skt|ske|sks|skv)$",
    re.IGNORECASE,
)
ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s'\"<>]+")
# What follows a path alone, as in a message that names the host elsewhere.
QUERY = re.compile(r"\?[^\s'\"<>]*=[^\s'\"<>]*")
HOME = re.compile(r"(?<![\w.~-])/(?:home|Users)/[^/\s'\"<>&|,;:]+")


def public(url: str) -> str:
    """Return an address without user, password, query and fragment.

    A query is replaced by ``?...`` and, where it has parameters other than credentials, eight digits of a hash of
    those: another ``?file=`` is another address, while a signature that is renewed every day is not.
    """
    parts = urlsplit(url)
    chosen = sorted(item for item in parse_qsl(parts.query, keep_blank_values=True) if not CREDENTIAL.search(item[0]))
    if parts.query.startswith(HIDDEN) or not parts.query:
        query = parts.query
    else:
        query = HIDDEN + (hashlib.sha256(json.dumps(chosen).encode()).hexdigest()[:8] if chosen else "")
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, query, ""))


def redacted(text: str) -> str:
    """Return a text, such as a message of a library, with every address in it as `public` returns it."""
    if ADDRESS.match(text) and " " not in text:
        return public(text)
    text = ADDRESS.sub(lambda found: public(found[0]), text)
    return QUERY.sub(lambda found: found[0] if found[0].startswith("?" + HIDDEN) else f"?{HIDDEN}", text)


def without_home(text: str) -> str:
    """Return a text with ``~`` in place of every home folder: this user's, and any in ``/home`` or ``/Users``."""
    own = str(Path.home())
    if len(own) > 1:
        text = re.sub(rf"(?<![\w.~-]){re.escape(own)}(?![\w.-])", "~", text)
    return HOME.sub("~", text)


def shareable(value: Any) -> Any:
    """Return settings, nested as they are, with every text in them fit to be shared."""
    if isinstance(value, Mapping):
        return {key: shareable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [shareable(item) for item in value]
    return without_home(redacted(value)) if isinstance(value, str) else value
