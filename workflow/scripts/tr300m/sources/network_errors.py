"""Errors of the network as messages, and which of them may not happen again."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import requests
import urllib3

from ..base.errors import TR300MError
from ..base.redaction import redacted


class RetryableError(TR300MError):
    """A failure that may not happen again; `wait` is the number of seconds that the server asks to wait, or None."""

    def __init__(self, message: str, wait: float | None = None) -> None:
        super().__init__(message)
        self.wait = wait


@contextmanager
def network_errors(url: str) -> Iterator[None]:
    """Turn errors of requests and urllib3 into `RetryableError`, or `TR300MError` if a retry would not help."""
    try:
        yield
    except urllib3.exceptions.ReadTimeoutError:
        raise RetryableError("the server stopped sending") from None
    except urllib3.exceptions.HTTPError as error:
        raise RetryableError(f"the connection broke off: {redacted(str(_first_cause(error)))}") from None
    except requests.ReadTimeout:
        raise RetryableError("the server does not answer") from None
    except requests.ConnectionError as error:
        raise _no_connection(url, _first_cause(error)) from None
    except OSError as error:
        # All other errors of requests, and a certificate file that is missing.
        raise TR300MError(redacted(str(error))) from None


def _first_cause(error: BaseException) -> BaseException:
    """Return the first exception of a chain, which the socket raised."""
    while cause := error.__cause__ or error.__context__:
        error = cause
    return error


def _no_connection(url: str, cause: BaseException) -> TR300MError:
    host = urlsplit(url).hostname
    if isinstance(cause, ssl.SSLCertVerificationError):
        return TR300MError(
            f"the certificate of {host} is not trusted: {cause.verify_message}; name your organisation's certificates "
            "in the environment variable REQUESTS_CA_BUNDLE"
        )
    if isinstance(cause, socket.gaierror):
        return RetryableError(f"the host {host} was not found ({cause.strerror}); is there a network?")
    reason = cause.strerror if isinstance(cause, OSError) and cause.strerror else redacted(str(cause))
    return RetryableError(f"no connection to {host}: {reason}")
