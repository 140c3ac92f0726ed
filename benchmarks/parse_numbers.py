"""Time ways of parsing the numbers of a TPM file, side by side: lines of GTEx's width with four significant digits.

Usage: python benchmarks/parse_numbers.py [--rows 400]
"""

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from isal import igzip
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow" / "scripts"))
from tr300m.arrays.decimals import parse_decimals

SAMPLES = 17_382


def lines(rows: int) -> list[bytes]:
    """Return lines of TPM as GTEx prints them; a third of the numbers are 0."""
    generator = np.random.default_rng(0)
    tpm = np.where(generator.random((rows, SAMPLES)) < 0.35, 0, generator.lognormal(0, 2.5, (rows, SAMPLES)))
    return ["\t".join(np.format_float_positional(float(f"{x:.4g}"), trim="-") for x in row).encode() for row in tpm]


def seconds(work: Callable[[], object], repeats: int = 3) -> float:
    """Return the least processor time of several runs."""
    best = float("inf")
    for _ in range(repeats):
        begun = time.process_time()
        work()
        best = min(best, time.process_time() - begun)
    return best


def main() -> None:
    """Print a table of seconds and of equality with `float`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=400, help="lines of 17,382 numbers")
    texts = lines(parser.parse_args().rows)
    packed = igzip.compress(b"\n".join(texts))

    def each(parse: Callable[[bytes], NDArray[np.float64]]) -> list[NDArray[np.float64]]:
        return [parse(text) for text in texts]

    ways: dict[str, Callable[[bytes], NDArray[np.float64]]] = {
        "float": lambda text: np.array([float(field) for field in text.split(b"\t")]),
        "numpy.fromstring": lambda text: np.fromstring(text.decode(), sep="\t"),
        "pyarrow (parse_decimals)": parse_decimals,
    }
    expected = each(ways["float"])
    megabytes, unpacking = sum(map(len, texts)) / 1e6, seconds(lambda: igzip.decompress(packed))
    print(f"{megabytes:.1f} MB of text; unpacking it with igzip: {unpacking:.2f} s")
    for name, parse in ways.items():
        equal = all(map(np.array_equal, each(parse), expected))
        print(f"{name:26} {seconds(lambda parse=parse: each(parse)):6.2f} s   {'equal' if equal else 'DIFFERENT'}")


if __name__ == "__main__":
    main()
