"""HTTP sessions that go to allowed hosts only, with a PACS's user, token and certificates."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase, HTTPBasicAuth

from streams.errors import ContractError, RejectedMessage
from streams.gateways.dicomweb.bounds import Bounds, pools
from streams.gateways.dicomweb.hosts import allowed, origin
from streams.settings import Pacs

REDIRECTS = 3
_CONNECT_S = 5.0


class GuardedAdapter(HTTPAdapter):
    """Sends a request only where it may go; every redirect is a request of its own."""

    def __init__(self, pacs: Pacs, bounds: Bounds) -> None:
        self._allowed, self._bounds = allowed(pacs), bounds
        # One thread uses it; nothing is tried again below our own count.
        super().__init__(pool_connections=2, pool_maxsize=1, max_retries=0)
        self.poolmanager.pool_classes_by_scheme = pools(bounds)

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        """Send a request and bound its answer."""
        if origin(request.url or "") not in self._allowed:
            raise RejectedMessage("host-not-allowed", "PACS", "a host of the settings", "a redirect to another one")
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
            f"settings: the secret file {path} of a PACS cannot be read ({type(error).__name__}); give it to this user"
        ) from error


def check_secrets(pacs: Pacs) -> None:
    """Read every secret of a PACS once; ContractError where one cannot be read."""
    for path in (pacs.password_file, pacs.token_file, pacs.client_certificate, pacs.client_key, pacs.ca_file):
        if path is not None:
            secret(path)


def new_session(pacs: Pacs, bounds: Bounds) -> requests.Session:
    """Return a session for one thread, with the PACS's authentication and certificates."""
    session = requests.Session()
    # No proxy, no .netrc: what this machine's environment says is not the hospital's word on where images go.
    session.trust_env = False
    session.max_redirects = REDIRECTS
    adapter = GuardedAdapter(pacs, bounds)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    session.auth = _auth(pacs)
    if pacs.ca_file is not None:
        session.verify = str(pacs.ca_file)
    if pacs.client_certificate is not None:
        certificate = str(pacs.client_certificate)
        session.cert = certificate if pacs.client_key is None else (certificate, str(pacs.client_key))
    return session


def _auth(pacs: Pacs) -> AuthBase | None:
    if pacs.token_file is not None:
        return Bearer(pacs.token_file)
    if pacs.user:
        return HTTPBasicAuth(pacs.user, secret(pacs.password_file) if pacs.password_file else "")
    return None
