"""Decimal numbers as text to float64, a line at a time."""

import re

import numpy as np
import pyarrow
from pyarrow import csv

from ..base.errors import TR300MError
from ..base.types import Floats

# One number per line of a table with one column: of a table with thousands of columns the reader is slower.
_READ = csv.ReadOptions(column_names=["number"], use_threads=False, block_size=16 << 20)
_PARSE = csv.ParseOptions(delimiter="\t", quote_char=False, ignore_empty_lines=False)
_CONVERT = csv.ConvertOptions(column_types={"number": pyarrow.float64()}, null_values=[], strings_can_be_null=False)
# The reader takes longer to start than a short line to read.
_SHORT = 1_000
_NUMBER = rb"-?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?"
_PLAIN = re.compile(rb"%s(?:\t%s)*" % (_NUMBER, _NUMBER))


def parse_decimals(text: bytes) -> Floats:
    """Read tab-separated decimal numbers; the same values as `float` gives.

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
        If a field is not a number; an empty field is not one.
    """
    if len(text) < _SHORT and _PLAIN.fullmatch(text):
        return np.array([float(field) for field in text.split(b"\t")])
    rows = pyarrow.BufferReader(text.replace(b"\t", b"\n") + b"\n")
    try:
        values = csv.read_csv(rows, _READ, _PARSE, _CONVERT).column("number").to_numpy()
    except pyarrow.ArrowInvalid as error:
        raise TR300MError(f"{str(error).rpartition('value ')[2][:40]} is not a number") from None
    if len(values) != text.count(b"\t") + 1:
        raise TR300MError("there is a line end inside the line")
    return np.asarray(values)
