"""A job of the workflow: messages go to the terminal and to its log, and expected errors print no traceback."""

import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, TextIO, cast

from .disk import disk_errors, explained
from .environment import set_drawing
from .errors import TR300MError

MEMORY_HINT = "lower `--cores`, so that fewer jobs run at once, or use a machine or a limit with more memory"


class _Tee:
    """The terminal and a log file as one stream; it is not a terminal, so that progress is printed in lines."""

    def __init__(self, terminal: TextIO, file: BinaryIO) -> None:
        self.terminal, self.file = terminal, file

    def write(self, text: str) -> int:
        self.terminal.write(text)
        self.terminal.flush()
        # A full disk must not end the job at a line of progress: what writes a result says it better.
        with suppress(OSError):
            self.file.write(text.encode("utf-8", "backslashreplace"))
        return len(text)

    def flush(self) -> None:
        self.terminal.flush()

    def close(self) -> None:
        """Do nothing: libraries that were imported in the job close their copy of stderr at exit."""

    def isatty(self) -> bool:
        return False

    def fileno(self) -> int:
        return self.terminal.fileno()


@contextmanager
def job(log: str) -> Iterator[None]:
    """Run the body of a job's script; the user's settings of Matplotlib are ignored (`set_drawing`).

    Parameters
    ----------
    log
        Path of the log file. Everything written to stderr goes there and to the terminal.
    """
    set_drawing()
    terminal = sys.stderr
    try:
        with disk_errors(log):
            Path(log).parent.mkdir(parents=True, exist_ok=True)
            # Unbuffered: nothing is left to write when it is closed.
            opened = open(log, "wb", buffering=0)  # noqa: SIM115
    except TR300MError as error:
        print(f"\nError: {error}\n", file=terminal)
        sys.exit(1)
    with opened as file:
        sys.stderr = cast(TextIO, _Tee(terminal, file))
        try:
            yield
        except TR300MError as error:
            print(f"\nError: {error}\n", file=sys.stderr)
            sys.exit(1)
        except MemoryError as error:
            print(f"\nError: not enough memory for this job: {error}\nHint: {MEMORY_HINT}\n", file=sys.stderr)
            sys.exit(1)
        except KeyboardInterrupt:
            print("\nInterrupted\n", file=sys.stderr)
            sys.exit(130)
        except Exception as error:
            if (told := explained(error, Path(log).parent)) is not None:
                print(f"\nError: {told}\n", file=sys.stderr)
                sys.exit(1)
            # Printed here, because the interpreter would print it to the terminal and not to the log.
            traceback.print_exc()
            sys.exit(1)
        finally:
            sys.stderr = terminal
