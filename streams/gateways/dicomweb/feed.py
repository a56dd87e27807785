"""Reading a PACS's change feed over HTTP (Orthanc's REST API)."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from streams.errors import ContractError, RejectedMessage
from streams.gateways.dicomweb import changes
from streams.gateways.dicomweb.hosts import permits
from streams.gateways.web.bounds import Bounds
from streams.gateways.web.failures import NotThere, ServerAway, meaning
from streams.gateways.web.session import new_session
from streams.settings import Pacs

_LARGEST = 16 * 1024 * 1024
_PAGE = 100


class ChangeFeed:
    """Asks one PACS what has changed; one request at a time."""

    def __init__(self, pacs: Pacs, timeout_s: float) -> None:
        self.pacs = pacs
        self._bounds = Bounds(timeout_s)
        self._session = new_session(pacs, permits(pacs), self._bounds)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"changes-{pacs.name}")

    async def page(self, since: int) -> changes.Page:
        """Return what came after a place in the feed; from its beginning where the feed was made anew.

        Raises
        ------
        ServerAway
            Where it cannot be read now.
        """
        found = await self._page(since)
        # An Orthanc with a new database counts from one again.
        return await self._page(0) if found.last < since else found

    async def _page(self, since: int) -> changes.Page:
        answer = await self._get(f"/changes?since={since}&limit={_PAGE}")
        try:
            return changes.page(answer)
        except (KeyError, TypeError, ValueError, AttributeError):
            raise ServerAway("answer", self.pacs.name) from None

    async def study(self, found: str) -> changes.Json | None:
        """Return the ImagingStudy of a study; None where it is gone meanwhile; raises as `page` does."""
        try:
            described, series = await self._get(f"/studies/{found}"), await self._get(f"/studies/{found}/series")
            return changes.study(described, series, self.pacs)
        except NotThere:
            return None
        except (KeyError, TypeError, ValueError, AttributeError):
            raise ServerAway("answer", self.pacs.name) from None

    async def _get(self, path: str) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._asked, path)

    def _asked(self, path: str) -> Any:
        try:
            with self._bounds.request(_LARGEST):
                answer = self._session.get(self.pacs.changes_url.rstrip("/") + path)
                answer.raise_for_status()
                return answer.json()
        except ContractError:
            raise ServerAway("secret", self.pacs.name) from None
        except Exception as error:
            meant = meaning(error, self.pacs.name)
            # A feed has no message that could be refused: it is read on once the PACS is mended.
            raise ServerAway("refused", self.pacs.name) if isinstance(meant, RejectedMessage) else meant from None

    def close(self) -> None:
        """Begin nothing more, and end what is under way."""
        self._thread.shutdown(wait=False, cancel_futures=True)
        self._bounds.cut()
