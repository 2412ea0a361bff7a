"""The border where errors of the HTTP library become ours. What matters most: could the request have been received?"""

import socket
import ssl
from typing import Final

import aiohttp

from consentry.errors import ConsentryError, NoAnswer, ProviderDown, ReplyNotUnderstood

_CERTIFICATE_HINT: Final = (
    "If the provider is well, this machine's list of certificate authorities or its clock may be out of date."
)


class Translated:
    """Turn the errors of one request to a host into ours; put around nothing but the request itself."""

    __slots__ = ("_host",)

    def __init__(self, host: str) -> None:
        self._host = host

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, aiohttp.ClientError | OSError):  # TimeoutError is an OSError
            raise _judge(self._host, error) from error


def _judge(host: str, error: Exception) -> ConsentryError:
    # these two come from connecting alone; whatever else happens, bytes may have left
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return ProviderDown(f"{host} can't be reached: connecting takes too long.")
    if isinstance(error, aiohttp.ClientConnectorError):
        return _judge_connecting(host, error)
    if isinstance(error, aiohttp.ClientResponseError):
        return ReplyNotUnderstood(f"{host} sent an answer that isn't HTTP.")
    if isinstance(error, TimeoutError):
        return NoAnswer(f"{host} did not answer in time.")
    return NoAnswer(f"{host} ended the connection before its answer was complete.")


def _judge_connecting(host: str, error: aiohttp.ClientConnectorError) -> ProviderDown:
    if isinstance(error, aiohttp.ClientConnectorDNSError) or isinstance(error.os_error, socket.gaierror):
        return ProviderDown(f"{host} can't be found: no address is known for this name.")
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return ProviderDown(f"The certificate of {host} can't be verified.", hint=_CERTIFICATE_HINT)
    if isinstance(error, aiohttp.ClientSSLError) or isinstance(error.os_error, ssl.SSLError):
        return ProviderDown(f"No secure connection to {host} can be made.", hint=_CERTIFICATE_HINT)
    return ProviderDown(f"{host} can't be reached: the connection is refused or there is no way to it.")
