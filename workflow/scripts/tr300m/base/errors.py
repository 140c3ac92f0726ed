"""The exception of the package: what is wrong, and what to do next."""


class TR300MError(Exception):
    """Invalid input or an impossible request.

    Parameters
    ----------
    message
        What is wrong, naming the file, line, gene or sample.
    hint
        What to do next; printed on a line of its own.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message, hint)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\nHint: {self.hint}" if self.hint else self.message
