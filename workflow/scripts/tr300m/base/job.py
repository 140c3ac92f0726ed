"""A job of the workflow: messages go to the terminal and to its log, and expected errors print no traceback."""

import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO, cast

from .environment import set_drawing
from .errors import TR300MError


class _Tee:
    """A text stream that writes to several streams; it is not a terminal, so that progress is printed in lines."""

    def __init__(self, *streams: TextIO) -> None:
        self.streams = streams

    def write(self, text: str) -> int:
        for stream in self.streams:
            stream.write(text)
            stream.flush()
        return len(text)

    def flush(self) -> None:
        for stream in self.streams:
            stream.flush()

    def close(self) -> None:
        """Do nothing: libraries that were imported in the job close their copy of stderr at exit."""

    def isatty(self) -> bool:
        return False

    def fileno(self) -> int:
        return self.streams[0].fileno()


@contextmanager
def job(log: str) -> Iterator[None]:
    """Run the body of a job's script; the user's settings of Matplotlib are ignored (`set_drawing`).

    Parameters
    ----------
    log
        Path of the log file. Everything written to stderr goes there and to the terminal.
    """
    set_drawing()
    Path(log).parent.mkdir(parents=True, exist_ok=True)
    terminal = sys.stderr
    with open(log, "w", encoding="utf-8") as file:
        sys.stderr = cast(TextIO, _Tee(terminal, file))
        try:
            yield
        except TR300MError as error:
            print(f"\nError: {error}\n", file=sys.stderr)
            sys.exit(1)
        except KeyboardInterrupt:
            print("\nInterrupted\n", file=sys.stderr)
            sys.exit(130)
        except Exception:
            # Printed here, because the interpreter would print it to the terminal and not to the log.
            traceback.print_exc()
            sys.exit(1)
        finally:
            sys.stderr = terminal
