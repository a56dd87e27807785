"""HTTP sessions that go where they may only, with a server's user, token and certificates."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase, HTTPBasicAuth

from streams.doors import Server
from streams.errors import ContractError, RejectedMessage
from streams.gateways.web.bounds import Bounds, pools

REDIRECTS = 3
_CONNECT_S = 5.0
Permits = Callable[[str], bool]
"""Tells whether a request may go to an address."""


class GuardedAdapter(HTTPAdapter):
    """Sends a request only where it may go; every redirect is a request of its own."""

    def __init__(self, permits: Permits, bounds: Bounds) -> None:
        self._permits, self._bounds = permits, bounds
        # One thread uses it; nothing is tried again below our own count.
        super().__init__(pool_connections=2, pool_maxsize=1, max_retries=0)
        self.poolmanager.pool_classes_by_scheme = pools(bounds)

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        """Send a request and bound its answer."""
        if not self._permits(request.url or ""):
            raise RejectedMessage("host-not-allowed", "server", "a host of the settings", "a redirect to another one")
        # The library names the host without its port, and a redirect would keep it.
        request.headers.pop("Host", None)
        left = self._bounds.left_s()
        kwargs["timeout"] = (min(_CONNECT_S, left), left)
        response = super().send(request, *args, **kwargs)
        raw: Any = response.raw
        stream = raw.stream
        raw.stream = lambda *a, **k: self._bounds.counted(stream(*a, **k))
        return response


class Bearer(AuthBase):
    """A bearer token from a file (RFC 6750)."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Put the token into the request."""
        request.headers["Authorization"] = f"Bearer {secret(self._path)}"
        return request


def secret(path: Path) -> str:
    """Return what a secret file holds, without the line's end; ContractError where it cannot be read."""
    try:
        return path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ContractError(
            f"settings: the secret file {path} of a server cannot be read ({type(error).__name__}); "
            "give it to this user"
        ) from error


def check_secrets(server: Server) -> None:
    """Read every secret of a server once; ContractError where one cannot be read."""
    files = server.password_file, server.token_file, server.client_certificate, server.client_key, server.ca_file
    for path in files:
        if path is not None:
            secret(path)


def new_session(server: Server, permits: Permits, bounds: Bounds) -> requests.Session:
    """Return a session for one thread, that goes where it may, with the server's authentication and certificates."""
    session = requests.Session()
    # No proxy, no .netrc: what this machine's environment says is not the hospital's word on where records go.
    session.trust_env = False
    session.max_redirects = REDIRECTS
    adapter = GuardedAdapter(permits, bounds)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    session.auth = _auth(server)
    if server.ca_file is not None:
        session.verify = str(server.ca_file)
    if server.client_certificate is not None:
        certificate = str(server.client_certificate)
        session.cert = certificate if server.client_key is None else (certificate, str(server.client_key))
    return session


def _auth(server: Server) -> AuthBase | None:
    if server.token_file is not None:
        return Bearer(server.token_file)
    if server.user:
        return HTTPBasicAuth(server.user, secret(server.password_file) if server.password_file else "")
    return None
