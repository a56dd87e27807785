"""How a PACS knows us: password, token, certificate; each from a file, each to that PACS alone."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from streams.errors import ContractError
from streams.gateways.dicomweb.client import PacsClient
from streams.gateways.dicomweb.hosts import Place, permits
from streams.gateways.web.bounds import Bounds
from streams.gateways.web.failures import ServerAway
from streams.gateways.web.session import check_secrets, new_session
from streams.settings import Pacs
from tests.integration.odd_pacs import OddPacs, running


@pytest.fixture
def odd() -> Iterator[OddPacs]:
    with running() as server:
        yield server


def client_of(server: OddPacs, **changes: Any) -> PacsClient:
    pacs = Pacs(name="odd", url=f"{server.url}/list", **changes)
    return PacsClient(Place(pacs, pacs.url), at_once=1, timeout_s=10.0)


async def test_a_password_is_sent(odd: OddPacs, tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("open sesame\n")
    await client_of(odd, user="me", password_file=secret).series("1.2.3")
    assert odd.heard == ["Basic bWU6b3BlbiBzZXNhbWU="]


async def test_a_new_token_needs_no_restart(odd: OddPacs, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("first\n")
    client = client_of(odd, token_file=token)
    await client.series("1.2.3")
    token.write_text("second\n")
    await client.series("1.2.3")
    assert odd.heard == ["Bearer first", "Bearer second"]


async def test_without_either_nothing_is_sent(odd: OddPacs) -> None:
    await client_of(odd).series("1.2.3")
    assert odd.heard == [None]


async def test_what_the_machines_environment_says_is_not_used(
    odd: OddPacs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login other password stolen\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert await client_of(odd).series("1.2.3") == []
    assert odd.heard == [None]


def test_a_secret_that_cannot_be_read_is_told_at_the_start(tmp_path: Path) -> None:
    for field in ("password_file", "token_file", "client_certificate", "client_key", "ca_file"):
        pacs = Pacs(name="odd", url="https://pacs.example", **{field: tmp_path / "missing"})
        with pytest.raises(ContractError, match="secret file"):
            check_secrets(pacs)


async def test_a_secret_that_goes_away_later_concerns_that_pacs_alone(odd: OddPacs, tmp_path: Path) -> None:
    with pytest.raises(ServerAway, match="secret"):
        await client_of(odd, token_file=tmp_path / "missing").series("1.2.3")
    assert odd.asked == []


class Authority:
    """Certificates of a hospital's own, made by openssl."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._run("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test authority",
                  "-keyout", "ca.key", "-out", "ca.pem")  # fmt: skip
        (folder / "names").write_text("subjectAltName=IP:127.0.0.1\n")

    def _run(self, *words: str) -> None:
        subprocess.run(["openssl", *words], cwd=self.folder, check=True, capture_output=True)

    def issue(self, name: str) -> tuple[Path, Path]:
        """Return certificate and key for a name."""
        self._run("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", "-keyout", f"{name}.key",
                  "-out", f"{name}.csr")  # fmt: skip
        self._run("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
                  "-days", "2", "-extfile", "names", "-out", f"{name}.pem")  # fmt: skip
        return self.folder / f"{name}.pem", self.folder / f"{name}.key"


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")
async def test_certificates_are_shown_and_asked_for(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.issue("server"))
    context.load_verify_locations(tmp_path / "ca.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    certificate, key = authority.issue("client")
    with running(context) as server:
        known = {"ca_file": tmp_path / "ca.pem", "client_certificate": certificate, "client_key": key}
        assert await client_of(server, **known).series("1.2.3") == []
        for missing in known:
            shown = {name: path for name, path in known.items() if name != missing}
            with pytest.raises(ServerAway):
                await client_of(server, **shown).series("1.2.3")
        assert len(server.asked) == 1


def test_a_session_keeps_the_bounds_of_its_thread() -> None:
    pacs = Pacs(name="odd", url="https://pacs.example")
    session = new_session(pacs, permits(pacs), Bounds(1.0))
    assert not session.trust_env
    assert session.get_adapter("https://anything").__class__.__name__ == "GuardedAdapter"
    assert session.get_adapter("http://anything").__class__.__name__ == "GuardedAdapter"
