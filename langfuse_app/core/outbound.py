"""URLs that users give us to call: only public ones, so that nobody reaches our own network through us (SSRF).

This looks at the URL alone. Host names are resolved when the call is made, where the address must be checked once more.
"""

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from langfuse_app.core.lists import comma_list
from langfuse_app.core.settings import get_settings

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
# Names that mean this machine or its cloud, and the endings of private networks.
_PRIVATE_NAMES = ("localhost", "metadata.google.internal", "host.docker.internal", "kubernetes.default.svc")
_PRIVATE_ENDINGS = (".localhost", ".local", ".internal", ".localdomain", ".svc", ".cluster.local", ".home.arpa")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class UnsafeUrlError(ValueError):
    """The URL may not be called; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """What is called although it is not public. `setting` names the setting's family for error texts."""

    setting: str
    hosts: frozenset[str] = frozenset()
    addresses: frozenset[Address] = frozenset()
    networks: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...] = ()

    def has(self, address: Address) -> bool:
        """Whether the address is one of them."""
        return address in self.addresses or any(address in network for network in self.networks)


def allowed(setting: str) -> Allowed:
    """The white-list of LANGFUSE_<setting>_WHITELISTED_HOST, _IPS and _IP_SEGMENTS."""

    def values(part: str) -> list[str]:
        return comma_list(getattr(get_settings(), f"LANGFUSE_{setting}_WHITELISTED_{part}"))

    return Allowed(
        setting=f"LANGFUSE_{setting}_WHITELISTED_HOST",
        hosts=frozenset(host.lower() for host in values("HOST")),
        addresses=frozenset(ipaddress.ip_address(value) for value in values("IPS")),
        networks=tuple(ipaddress.ip_network(value, strict=False) for value in values("IP_SEGMENTS")),
    )


def check_url(url: str, exceptions: Allowed) -> None:
    """UnsafeUrlError unless the URL is http or https, without credentials, to a public host or a white-listed one."""
    parts = _split(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UnsafeUrlError("must be a URL that begins with http:// or https://")
    if parts.username is not None or parts.password is not None:
        raise UnsafeUrlError("must not carry a user name or password")
    host = parts.hostname.lower().rstrip(".")
    if host in exceptions.hosts:
        return
    address = _address(host)
    private = _is_private_name(host) if address is None else not is_public(address) and not exceptions.has(address)
    if private:
        raise UnsafeUrlError(f"must lead to a public host; {exceptions.setting} names the exceptions")


def is_public(address: Address) -> bool:
    """Whether an address is one of the public internet, also the IPv4 address inside an IPv6 one."""
    inner = _inner(address)
    return inner.is_global and not inner.is_multicast


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise UnsafeUrlError("is not a URL") from None
    return parts


def _address(host: str) -> Address | None:
    """The address that a host text stands for: dotted, decimal, octal, hexadecimal, IPv6; None for a name."""
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        pass
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host))
    except OSError:
        return None


def _inner(address: Address) -> Address:
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None) or address


def _is_private_name(host: str) -> bool:
    """Names without a dot are found in our own network only."""
    return "." not in host or host in _PRIVATE_NAMES or host.endswith(_PRIVATE_ENDINGS)
