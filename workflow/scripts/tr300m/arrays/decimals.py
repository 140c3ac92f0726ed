"""Decimal numbers as text to float64, many at once."""

import numpy as np
from numpy.typing import NDArray

from ..base.errors import TR300MError
from ..base.types import Bools, Floats, Ints

_Words = NDArray[np.uint64]
TAB = ord("\t")
WORD = 8
"""Bytes of a machine word, and the longest number that is read in one."""
PART = 24_000
"""Bytes of text read at once: what they take stays in the processor's cache."""


def _every_byte(value: int) -> np.uint64:
    return np.uint64(int.from_bytes(bytes([value]) * WORD, "little"))


ZEROS, DOTS, LOW_BITS = _every_byte(ord("0")), _every_byte(ord(".")), _every_byte(0x7F)
CARRY, HIGH_NIBBLES = _every_byte(6), _every_byte(0xF0)
FAR_ZERO = np.uint64(ord("0"))
ONE, SEVEN, BYTE, TEN = np.uint64(1), np.uint64(7), np.uint64(8), np.uint64(10)
PAIRS, UPPER, LOWER = np.uint64(0x000000FF000000FF), np.uint64(0x000F424000000064), np.uint64(0x0000271000000001)
# By length of the number: the bytes that are the number's (a little-endian word ends with its last character), and
# noughts for those before it.
KEEP = np.array([int.from_bytes(bytes(WORD - n) + b"\xff" * n, "little") for n in range(WORD + 1)], dtype=np.uint64)
FILL = np.array([int.from_bytes(b"0" * (WORD - n) + bytes(n), "little") for n in range(WORD + 1)], dtype=np.uint64)
# By the byte that the dot is in, the last for none. Digits and powers are exact in float64, so that the quotient is the
# float64 nearest to the decimal.
DIVISORS = np.array([10.0 ** (WORD - 1 - byte) for byte in range(WORD)] + [1.0])


def parse_decimals(text: bytes) -> Floats:
    """Read tab-separated decimal numbers; the same values as `float` gives.

    Numbers of up to eight characters without sign or exponent, GTEx's usual ones, are read by arithmetic on machine
    words (one byte a digit, all digits at once); the others by `float`.

    Parameters
    ----------
    text
        A line, without its line end.

    Returns
    -------
    array [number], float64

    Raises
    ------
    TR300MError
        If one is not a number; an empty field is none.
    """
    parts = []
    start = 0
    while start <= len(text):
        tab = text.find(b"\t", start + PART)
        end = tab if tab >= 0 else len(text)
        parts.append(_parse_part(text[start:end]))
        start = end + 1
    return np.concatenate(parts)


def _parse_part(text: bytes) -> Floats:
    # So that a word can end with the first number's last character.
    text = b"\t" * WORD + text
    tabs = np.flatnonzero(np.frombuffer(text, dtype=np.uint8, offset=WORD) == TAB) + WORD
    ends = np.append(tabs, len(text))
    lengths = np.diff(ends, prepend=WORD - 1) - 1
    # The words that end with a number's last character, at any address.
    words = np.ndarray((len(text) - WORD + 1,), dtype="<u8", buffer=text, strides=(1,))[ends - WORD]
    values, plain = _from_words(words, np.minimum(lengths, WORD))
    plain &= (lengths > 0) & (lengths <= WORD)
    for index in np.flatnonzero(~plain).tolist():
        values[index] = _from_text(text[ends[index] - lengths[index] : ends[index]])
    return values


def _from_words(words: _Words, lengths: Ints) -> tuple[Floats, Bools]:
    """Read one number a word; the second array says where the word held digits and at most one dot between them."""
    words = (words & KEEP[lengths]) | FILL[lengths]
    # The highest bit of each byte that is a dot, and no other.
    other = words ^ DOTS
    dots = ~(((other & LOW_BITS) + LOW_BITS) | other | LOW_BITS)
    # All bits before the dot, and all behind it; without a dot all are before.
    before = (dots >> SEVEN) - ONE
    behind = ~((dots << ONE) - ONE)
    # The dot is taken out: what is before it moves up by a byte, and a nought comes in at the far end (where there is
    # no dot, a digit is there already, whose bits hold those of a nought).
    moved = (words & before) << (dots.astype(bool) * BYTE)
    digits = ((words & behind) | moved | FAR_ZERO) ^ ZEROS
    dot_at = np.bitwise_count(before) >> 3
    # A second dot, a letter, a space: none is 0 to 9. A dot with nothing behind it is left to `float`.
    plain = ((digits | (digits + CARRY)) & HIGH_NIBBLES) == 0
    plain &= dot_at != WORD - 1
    # Pairs of digits, then pairs of pairs, side by side in one word.
    digits = digits * TEN + (digits >> BYTE)
    number = ((digits & PAIRS) * UPPER + ((digits >> np.uint64(16)) & PAIRS) * LOWER) >> np.uint64(32)
    return number / DIVISORS[dot_at], plain


def _from_text(text: bytes) -> float:
    # `float` would read over spaces and underscores.
    if not text or b"_" in text or text.strip() != text:
        raise TR300MError(f"{text.decode('utf-8', 'replace')!r} is not a number")
    try:
        return float(text)
    except ValueError:
        raise TR300MError(f"{text.decode('utf-8', 'replace')[:40]!r} is not a number") from None
