"""A real Orthanc with its DICOMweb plug-in, on loopback, with a port and a storage of its own."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import requests
from requests.auth import HTTPBasicAuth

from streams.embedded import ports
from streams.settings import Pacs

PLUGINS = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
_START_S = 60.0
_BOUNDARY = "cardiostream-test"


def why_not() -> str:
    """Return what this machine lacks to run it; empty where nothing."""
    if shutil.which("Orthanc") is None:
        return "no program Orthanc: apt-get install orthanc orthanc-dicomweb"
    return "" if PLUGINS.exists() else f"no {PLUGINS}: apt-get install orthanc-dicomweb"


class Orthanc:
    """One Orthanc process; stopping and starting keeps port and storage."""

    def __init__(self, folder: Path, *, users: dict[str, str] | None = None) -> None:
        self.folder, self.users = folder, users or {}
        self.port, _ = ports.choose(None)
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "orthanc.json").write_text(json.dumps(self._configuration()))

    def _configuration(self) -> dict[str, Any]:
        storage = str(self.folder / "storage")
        return {
            "Name": "test",
            "HttpPort": self.port,
            "RemoteAccessAllowed": False,
            "DicomServerEnabled": False,
            "StorageDirectory": storage,
            "IndexDirectory": storage,
            "StableAge": 1,
            "Plugins": [str(PLUGINS)],
            "AuthenticationEnabled": bool(self.users),
            "RegisteredUsers": self.users,
            "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
        }

    @property
    def root(self) -> str:
        """Base address of its REST API."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """Base address of DICOMweb."""
        return f"{self.root}/dicom-web"

    def pacs(self, **changes: Any) -> Pacs:
        """Return it as a PACS of the settings."""
        return Pacs(**{"name": "orthanc", "url": self.url, **changes})

    def start(self, niceness: int = 0) -> None:
        """Start it and wait until it answers; it may step back, standing for a PACS on a machine of its own."""
        step = f"echo {niceness} > /proc/self/autogroup; exec nice -n {niceness} " if niceness else "exec "
        command = step + shlex.join(["Orthanc", str(self.folder / "orthanc.json")])
        with (self.folder / "orthanc.log").open("ab") as log:
            self._process = subprocess.Popen(
                ["sh", "-c", command], stdout=log, stderr=subprocess.STDOUT, start_new_session=bool(niceness)
            )
        end = time.monotonic() + _START_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"Orthanc did not start: {(self.folder / 'orthanc.log').read_text()[-2000:]}")
            time.sleep(0.05)

    def _answers(self) -> bool:
        try:
            return requests.get(f"{self.root}/system", auth=self._auth, timeout=2).ok
        except requests.RequestException:
            return False

    @property
    def _auth(self) -> HTTPBasicAuth | None:
        return HTTPBasicAuth(*next(iter(self.users.items()))) if self.users else None

    def kill(self) -> None:
        """Kill it, as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def store(self, files: Iterable[bytes]) -> None:
        """Store files by STOW-RS (PS3.18 10.5)."""
        body = b"".join(
            f"--{_BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n".encode() + content + b"\r\n"
            for content in files
        )
        answer = requests.post(
            f"{self.url}/studies",
            data=body + f"--{_BOUNDARY}--\r\n".encode(),
            headers={"Content-Type": f'multipart/related; type="application/dicom"; boundary={_BOUNDARY}'},
            auth=self._auth,
            timeout=120,
        )
        answer.raise_for_status()

    def delete_all(self) -> None:
        """Forget every patient."""
        for patient in requests.get(f"{self.root}/patients", auth=self._auth, timeout=30).json():
            requests.delete(f"{self.root}/patients/{patient}", auth=self._auth, timeout=30).raise_for_status()
