"""The way to Redis as the settings say: user, password from a file, TLS, a cluster; nothing is sent before a call."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from redis.asyncio import Redis, RedisCluster
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from streams.errors import ContractError
from streams.settings import Settings

TIMEOUT_S = 2.0
SECURE = "rediss://"


def client(settings: Settings, timeout_s: float = TIMEOUT_S) -> Any:
    """Return a client of the view that answers in bytes and gives up after `timeout_s`.

    Raises
    ------
    ContractError
        Where a file of the settings cannot be read, or certificates are named for an address without TLS.
    """
    options = {**_user(settings), **_tls(settings), **_patience(timeout_s)}
    if settings.redis_cluster:
        return RedisCluster.from_url(settings.redis_url, **options)
    return Redis.from_url(settings.redis_url, **options)


def plain(url: str, timeout_s: float = TIMEOUT_S) -> Redis:
    """Return a client of one Redis by its address alone."""
    return Redis.from_url(url, **_patience(timeout_s))


def _patience(timeout_s: float) -> dict[str, Any]:
    return {"socket_timeout": timeout_s, "socket_connect_timeout": timeout_s, "retry": Retry(NoBackoff(), 1)}


def _user(settings: Settings) -> dict[str, Any]:
    found: dict[str, Any] = {"username": settings.redis_user} if settings.redis_user else {}
    if settings.redis_password_file is not None:
        found["password"] = _read(settings.redis_password_file).strip()
    return found


def _tls(settings: Settings) -> dict[str, Any]:
    named = {
        "ssl_ca_certs": settings.redis_ca_file,
        "ssl_certfile": settings.redis_client_certificate,
        "ssl_keyfile": settings.redis_client_key,
    }
    found: dict[str, Any] = {name: str(path) for name, path in named.items() if path is not None}
    if not settings.redis_url.startswith(SECURE):
        if found:
            raise ContractError(
                f"redis_url: expected {SECURE}... since certificates are named, received an address without TLS; "
                "mend CARDIOSTREAM_REDIS_URL, or leave the certificates out"
            )
        return {}
    return {**found, "ssl_cert_reqs": "required", "ssl_check_hostname": True}


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except OSError as error:
        raise ContractError(
            f"redis_password_file: expected a readable file, received {type(error).__name__}; mend the setting"
        ) from None
