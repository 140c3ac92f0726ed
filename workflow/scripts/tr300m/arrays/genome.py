"""Bases of a genome by position, for readers that come back to the same places."""

from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray
from pyfaidx import Fasta, FastaIndexingError, FetchError

from ..base.base_codes import CODE_OF_BYTE, OUTSIDE_CODE
from ..base.errors import TR300MError
from ..base.progress import log
from .chromosome_names import match_names
from .genes import named

_BLOCK = 1 << 16
_BLOCKS_KEPT = 64
_MOST_SHOWN = 5


class Genome:
    """A FASTA, opened for reading by position; used in a `with` statement.

    Attributes
    ----------
    path
        The file.
    lengths
        Base pairs of each sequence, by its name in the file.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        if not self.path.is_file():
            raise TR300MError(f"the genome {path} is missing", "give the FASTA that the dataset was built from")
        if not Path(f"{path}.fai").is_file():
            log(f"{path} has no index: it is written now, which takes a minute for a human genome")
        try:
            self._fasta = Fasta(str(path), as_raw=True, rebuild=False)
        except (FastaIndexingError, OSError, ImportError, ValueError) as error:
            raise TR300MError(
                f"cannot index {path}: {error}",
                "a FASTA is needed, plain or of bgzip, in a writable folder; if it is gzip: gunzip --keep",
            ) from None
        self.lengths: dict[str, int] = {name: len(self._fasta[name]) for name in self._fasta.keys()}  # noqa: SIM118
        self._block = lru_cache(_BLOCKS_KEPT)(self._read)

    def __enter__(self) -> Self:
        """Return the genome."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        self._fasta.close()

    def codes(self, chromosome: str, start: int, end: int) -> NDArray[np.uint8]:
        """Return the base codes of a piece of the + strand [position].

        Parameters
        ----------
        chromosome
            Its name in the style of UCSC or Ensembl, with or without ``chr``.
        start, end
            0-based, half-open. Positions outside the chromosome have `OUTSIDE_CODE`.

        Raises
        ------
        TR300MError
            If the FASTA lacks the chromosome or cannot be read.
        """
        found = match_names([chromosome], self.lengths)
        if not found:
            raise TR300MError(
                f"{self.path} has no {chromosome}; it has {named(list(self.lengths), _MOST_SHOWN)}",
                "give the FASTA that the dataset was built from",
            )
        name = found[chromosome]
        codes = np.full(max(end - start, 0), OUTSIDE_CODE, np.uint8)
        first, last = max(start, 0), min(end, self.lengths[name])
        for number in range(first // _BLOCK, -(-last // _BLOCK) if first < last else 0):
            begin = number * _BLOCK
            low, high = max(first, begin), min(last, begin + _BLOCK)
            codes[low - start : high - start] = self._block(name, number)[low - begin : high - begin]
        return codes

    def _read(self, name: str, number: int) -> NDArray[np.uint8]:
        start = number * _BLOCK
        end = min(start + _BLOCK, self.lengths[name])
        try:
            text = self._fasta[name][start:end]
        except (FetchError, ValueError) as error:
            raise TR300MError(f"{self.path}: cannot read {name}:{start}-{end}: {error}") from None
        return CODE_OF_BYTE[np.frombuffer(text.encode("ascii", "replace"), np.uint8)]
