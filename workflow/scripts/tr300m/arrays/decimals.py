"""Fast parsing of tab-separated decimal numbers."""

import numpy as np
from numpy.typing import NDArray

from ..base.errors import TR300MError
from ..base.types import Bools, Floats, Ints

_Words = NDArray[np.uint64]
TAB = ord("\t")
WORD = 8
"""Bytes of a machine word; numbers of up to this many characters are parsed in one word."""
CHUNK = 24_000
"""Bytes of text parsed at a time, few enough for the processor's cache."""


def _every_byte(value: int) -> np.uint64:
    return np.uint64(int.from_bytes(bytes([value]) * WORD, "little"))


ZEROS, DOTS, LOW_BITS = _every_byte(ord("0")), _every_byte(ord(".")), _every_byte(0x7F)
CARRY, HIGH_NIBBLES = _every_byte(6), _every_byte(0xF0)
FAR_ZERO = np.uint64(ord("0"))
ONE, SEVEN, BYTE, TEN = np.uint64(1), np.uint64(7), np.uint64(8), np.uint64(10)
PAIRS, UPPER, LOWER = np.uint64(0x000000FF000000FF), np.uint64(0x000F424000000064), np.uint64(0x0000271000000001)
# By length of a number: masks of the bytes that belong to it (it ends at the last byte of its little-endian word), and
# the characters "0" that replace the bytes before it.
KEEP = np.array([int.from_bytes(bytes(WORD - n) + b"\xff" * n, "little") for n in range(WORD + 1)], dtype=np.uint64)
FILL = np.array([int.from_bytes(b"0" * (WORD - n) + bytes(n), "little") for n in range(WORD + 1)], dtype=np.uint64)
# By the byte of the decimal point; the last item is for numbers without one. Digits and powers are exact in float64, so
# the quotient is the float64 nearest to the decimal.
DIVISORS = np.array([10.0 ** (WORD - 1 - byte) for byte in range(WORD)] + [1.0])


def parse_decimals(text: bytes) -> Floats:
    """Parse tab-separated decimal numbers, with the same results as `float`.

    Numbers of up to eight characters without sign or exponent, as GTEx usually writes them, are parsed by arithmetic on
    machine words that hold one digit per byte. All others are parsed by `float`.

    Parameters
    ----------
    text
        A line without its line end.

    Returns
    -------
    array [number], float64

    Raises
    ------
    TR300MError
        If a field is not a number; an empty field is not.
    """
    chunks = []
    start = 0
    while start <= len(text):
        tab = text.find(b"\t", start + CHUNK)
        end = tab if tab >= 0 else len(text)
        chunks.append(_parse_chunk(text[start:end]))
        start = end + 1
    return np.concatenate(chunks)


def _parse_chunk(text: bytes) -> Floats:
    # A word must be able to end at the last character of the first number.
    text = b"\t" * WORD + text
    tabs = np.flatnonzero(np.frombuffer(text, dtype=np.uint8, offset=WORD) == TAB) + WORD
    ends = np.append(tabs, len(text))
    lengths = np.diff(ends, prepend=WORD - 1) - 1
    # The words that end at the last character of each number; they are not aligned.
    words = np.ndarray((len(text) - WORD + 1,), dtype="<u8", buffer=text, strides=(1,))[ends - WORD]
    values, plain = _from_words(words, np.minimum(lengths, WORD))
    plain &= (lengths > 0) & (lengths <= WORD)
    for index in np.flatnonzero(~plain).tolist():
        values[index] = _from_text(text[ends[index] - lengths[index] : ends[index]])
    return values


def _from_words(words: _Words, lengths: Ints) -> tuple[Floats, Bools]:
    """Parse one number per word; the second array is true where the word has only digits and at most one point."""
    words = (words & KEEP[lengths]) | FILL[lengths]
    # The highest bit of each byte that is a point.
    other = words ^ DOTS
    dots = ~(((other & LOW_BITS) + LOW_BITS) | other | LOW_BITS)
    # All bits before the point, and all bits after it; without a point all bits are before it.
    before = (dots >> SEVEN) - ONE
    behind = ~((dots << ONE) - ONE)
    # Remove the point: the digits before it move up by one byte, and "0" fills the first byte. Without a point the
    # first byte is a digit already, which the bits of "0" do not change.
    moved = (words & before) << (dots.astype(bool) * BYTE)
    digits = ((words & behind) | moved | FAR_ZERO) ^ ZEROS
    dot_at = np.bitwise_count(before) >> 3
    # False if any byte is not a digit, such as a second point. A number that ends with a point is left to `float`.
    plain = ((digits | (digits + CARRY)) & HIGH_NIBBLES) == 0
    plain &= dot_at != WORD - 1
    # Combine digits to pairs, then pairs to numbers, all inside one word.
    digits = digits * TEN + (digits >> BYTE)
    number = ((digits & PAIRS) * UPPER + ((digits >> np.uint64(16)) & PAIRS) * LOWER) >> np.uint64(32)
    return number / DIVISORS[dot_at], plain


def _from_text(text: bytes) -> float:
    # `float` accepts spaces and underscores.
    if not text or b"_" in text or text.strip() != text:
        raise TR300MError(f"{text.decode('utf-8', 'replace')!r} is not a number")
    try:
        return float(text)
    except ValueError:
        raise TR300MError(f"{text.decode('utf-8', 'replace')[:40]!r} is not a number") from None
