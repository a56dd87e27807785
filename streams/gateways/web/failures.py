"""What a server's silence or refusal means: not there yet, away for now, or never."""

from __future__ import annotations

import requests

from streams.errors import RejectedMessage, RetryableError

_AWAY = frozenset({401, 403, 407, 408, 425, 429})
"""Statuses below 500 that another try may end: also what a wrong password gives, which the site mends."""
_FORBIDDEN = frozenset({"status-401", "status-403"})
_GONE = frozenset({404, 410})


class NotThere(RetryableError):
    """The server answers that it does not have it; it may still be on its way."""


class ServerAway(RetryableError):
    """The server could not be asked.

    Parameters
    ----------
    reason
        ``connection``, ``timeout``, ``answer``, or ``status-<code>``.
    server
        Its name in the settings.
    """

    def __init__(self, reason: str, server: str) -> None:
        self.reason = reason
        self.forbidden = reason in _FORBIDDEN
        """Whether the server does not let our user; while something is to be read, the site mends that."""
        super().__init__(
            f"{reason}: expected an answer of server {server}, received none that can be used; what needs it waits and "
            "is tried again; look at the server, and at its user and certificates, if this lasts"
        )


def meaning(error: Exception, server: str) -> Exception:
    """Translate an error of the client; its text goes nowhere, for it may quote addresses."""
    if isinstance(error, RejectedMessage | RetryableError):
        return error
    if isinstance(error, requests.HTTPError) and error.response is not None:
        return _of_status(error.response.status_code, server)
    if isinstance(error, requests.TooManyRedirects):
        return RejectedMessage("redirects", "server", "at most a few redirects", "more of them")
    known = ((requests.Timeout, "timeout"), (requests.exceptions.InvalidJSONError, "answer"), (OSError, "connection"))
    # All errors of the library are an OSError.
    return ServerAway(next((word for kind, word in known if isinstance(error, kind)), "answer"), server)


def _of_status(status: int, server: str) -> Exception:
    if status in _GONE:
        return NotThere(
            f"server {server}: expected what was asked for, received status {status}; it is asked for again"
        )
    if status in _AWAY or status >= 500:
        return ServerAway(f"status-{status}", server)
    return RejectedMessage("server-refused", "server", "status 200", f"status {status}")
