"""Where a request really goes: the address is resolved once, checked, and that very address is called.

Checking a name and letting the library resolve it again would let a name change its mind in between.
"""

import ipaddress
import socket
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

import requests
from django.conf import settings
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, LocationParseError, NameResolutionError, NewConnectionError
from urllib3.util.connection import create_connection

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
NAT64 = ipaddress.ip_network("64:ff9b::/96")


class PrivateAddress(Exception):
    """The name leads into a private network that VIGIE_PRIVATE_SITES does not list. Nothing was sent."""


def is_allowed(address: str) -> bool:
    ip = _real(ipaddress.ip_address(address.partition("%")[0]))
    if any(ip in network for network in settings.PRIVATE_SITES):
        return True
    return ip.is_global and not ip.is_multicast


def _real(ip: IPAddress) -> IPAddress:
    """The IPv4 address that an IPv6 one stands for, where it does: several notations hide a private one."""
    if not isinstance(ip, ipaddress.IPv6Address):
        return ip
    inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
    if inner is None and ip in NAT64:
        inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return inner or ip


def resolved(host: str, port: int) -> list[str]:
    """Where this name leads. One private address among public ones is enough to refuse. Raises PrivateAddress."""
    try:
        found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
    except UnicodeError as exc:
        raise LocationParseError(host) from exc
    addresses = list(dict.fromkeys(str(info[4][0]) for info in found))
    if not all(map(is_allowed, addresses)):
        raise PrivateAddress(host)
    return addresses


def is_inside(url: str) -> bool:
    """The site lies wholly in the networks of VIGIE_PRIVATE_SITES, such as the simulated one of a demo."""
    parts = urlsplit(url)
    try:
        addresses = resolved(parts.hostname or "", parts.port or 80)
    except (OSError, PrivateAddress, LocationParseError):
        return False
    real = [_real(ipaddress.ip_address(address.partition("%")[0])) for address in addresses]
    return all(any(ip in network for network in settings.PRIVATE_SITES) for ip in real)


def _first_that_answers(addresses: Iterable[str], port: int, *args: Any, **options: Any) -> socket.socket:
    error: OSError | None = None
    for address in addresses:
        try:
            return create_connection((address, port), *args, **options)
        except OSError as exc:
            error = exc
    raise error or OSError("the name has no address")


class _Checked(HTTPConnection):
    """Replaces only how the socket is made; certificates are still checked against the name."""

    def _new_conn(self) -> socket.socket:
        try:
            return _first_that_answers(
                resolved(self._dns_host, self.port),
                self.port,
                self.timeout,
                source_address=self.source_address,
                socket_options=self.socket_options,
            )
        except socket.gaierror as exc:
            raise NameResolutionError(self.host, self, exc) from exc
        except TimeoutError as exc:
            raise ConnectTimeoutError(self, f"no connection to {self.host} in time") from exc
        except OSError as exc:
            raise NewConnectionError(self, f"no connection to {self.host}") from exc


class _CheckedTLS(_Checked, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Checked


class _PoolTLS(HTTPSConnectionPool):
    ConnectionCls = _CheckedTLS


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _PoolTLS}


def checked_session() -> requests.Session:
    """A session that calls no private address. Neither proxy nor .netrc of this machine sees what it sends."""
    session = requests.Session()
    session.trust_env = False
    session.mount("https://", _Adapter())
    session.mount("http://", _Adapter())
    session.headers["User-Agent"] = "Vigie"
    return session
