"""Text to numbers: the reader against `float`."""

import numpy as np
import pytest
from helpers.fixtures import Refuses
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tr300m.arrays.decimals import parse_decimals

DIGITS = st.text("0123456789", max_size=9)
PLAIN = st.tuples(DIGITS, st.sampled_from(["", "."]), DIGITS).map("".join).filter(lambda text: text.strip("."))
ANY = st.one_of(PLAIN, st.floats(allow_nan=False).map(repr), st.integers(-(10**12), 10**12).map(str))


def test_numbers_counted_by_hand() -> None:
    values = parse_decimals(b"0\t7\t0.5\t12.25\t.5\t3.\t1e3\t-2\t12345678\t0.0001234")
    assert values.tolist() == [0, 7, 0.5, 12.25, 0.5, 3, 1000, -2, 12345678, 0.0001234]


@settings(deadline=None)
@given(st.lists(ANY, min_size=1, max_size=20))
@example(["99999999", "0.999999", "9999999.", ".9999999", "00000001"])
def test_same_bits_as_float(texts: list[str]) -> None:
    values = parse_decimals("\t".join(texts).encode())
    assert values.tobytes() == np.array([float(text) for text in texts]).tobytes()


@settings(deadline=None)
@given(st.lists(ANY, min_size=1, max_size=20))
def test_short_lines_read_like_long_ones(texts: list[str]) -> None:
    text = "\t".join(texts).encode()
    assert parse_decimals(text + b"\t0" * 500)[: len(texts)].tobytes() == parse_decimals(text).tobytes()


def test_every_number_of_four_digits_that_gtex_prints() -> None:
    texts = [f"{digits * 10.0**power:.4g}" for power in range(-7, 1) for digits in range(1000, 10_000, 7)]
    assert parse_decimals("\t".join(texts).encode()).tolist() == [float(text) for text in texts]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1\t\t2",
        "\t1",
        "1\t",
        "two",
        "1 2",
        "1.2.3",
        "..",
        ".",
        "1_000",
        "1,5",
        "0x10",
        "1:2",
        "1/2",
        "--1",
    ],
)
def test_what_is_no_number(text: str, refuses: Refuses) -> None:
    with refuses(repr("" if "\t" in text else text)):
        parse_decimals(text.encode())


def test_every_byte_but_digits_and_the_dot_is_refused(refuses: Refuses) -> None:
    for byte in set(range(256)) - set(b"0123456789.\t "):
        text = b"1" + bytes([byte]) + b"1"
        if text != b"1e1" and text != b"1E1":
            with refuses():
                parse_decimals(text)
