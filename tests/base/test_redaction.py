"""Credentials and home folders stay out of everything that is written or shown."""

from pathlib import Path

import pytest
from tr300m.base.redaction import public, redacted, shareable, without_home

SECRET = "hunter2"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://h/a/b.gz", "https://h/a/b.gz"),
        (f"https://me:{SECRET}@h:8080/b.gz", "https://h:8080/b.gz"),
        (f"ftp://{SECRET}@h/b.gz", "ftp://h/b.gz"),
        (f"https://h/b.gz?X-Amz-Signature={SECRET}&X-Amz-Expires=600", "https://h/b.gz?..."),
        (f"https://h/b.gz?X-Goog-Credential={SECRET}", "https://h/b.gz?..."),
        (f"https://h/b.gz?sv=2022&se=2026-01-01&sr=b&sp=r&sig={SECRET}", "https://h/b.gz?..."),
        (f"https://h/b.gz?access_token={SECRET}#part", "https://h/b.gz?..."),
        (f"https://h/b.gz#{SECRET}", "https://h/b.gz"),
        (f"file:///home/b.gz?token={SECRET}", "file:///home/b.gz?..."),
    ],
)
def test_an_address_without_credentials(url: str, expected: str) -> None:
    assert public(url) == expected
    assert public(expected) == expected
    assert redacted(f"'{url}': no such host") == f"'{expected}': no such host"


def test_what_chooses_a_file_tells_addresses_apart() -> None:
    """A signature is renewed every day and is no other address; another file is."""
    first, second = (public(f"https://h/get?file={name}&sig=1") for name in ("a", "b"))
    assert first != second
    assert first == public("https://h/get?sig=2&file=a")
    assert public(first) == first
    # A parameter that nobody knows is not shown either.
    assert SECRET not in public(f"https://h/get?door={SECRET}")


@pytest.mark.parametrize(
    "text",
    [
        f"HTTPSConnectionPool(host='h', port=443): Max retries exceeded with url: /a?X-Amz-Signature={SECRET} (Caused",
        f"Please check proxy URL. It is malformed: http://me:{SECRET}@proxy",
        f"two: https://h/a?token={SECRET} and ftp://me:{SECRET}@h/b.",
    ],
)
def test_messages_of_libraries(text: str) -> None:
    assert SECRET not in redacted(text)
    assert redacted(redacted(text)) == redacted(text)


def test_other_text_stays() -> None:
    text = "genes.tsv, line 3: what? a = b; see https://example.org/x.gz"
    assert redacted(text) == text


def test_home_folders(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "home", lambda: Path("/users7/alice"))
    assert without_home("/users7/alice/gtex.gct") == "~/gtex.gct"
    assert without_home("file:///home/bob/x, /Users/carol/y") == "file://~/x, ~/y"
    for other in ("results/home/x", "/users7/alice2/x", "/data/home/x", "~/home/x"):
        assert without_home(other) == other
    settings = {"sources": {"hg38": "/home/bob/hg38.fa"}, "n": 3, "list": [f"https://me:{SECRET}@h/"]}
    assert shareable(settings) == {"sources": {"hg38": "~/hg38.fa"}, "n": 3, "list": ["https://h/"]}
