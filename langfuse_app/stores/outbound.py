"""The second look at URLs that users give us, right before a call: what their host names resolve to (core/outbound.py)."""

import ipaddress
import socket
from urllib.parse import urlsplit

from langfuse_app.core.outbound import Allowed, UnsafeUrlError, check_url, is_public


def check_reachable(url: str, exceptions: Allowed) -> None:
    """UnsafeUrlError unless every address of the URL's host is public, or white-listed."""
    check_url(url, exceptions)
    host = urlsplit(url).hostname or ""
    if host.lower().rstrip(".") in exceptions.hosts:
        return
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError as error:
        raise UnsafeUrlError(f"leads nowhere: {host} cannot be resolved") from error
    for *_, address in found:
        resolved = ipaddress.ip_address(str(address[0]).partition("%")[0])
        if not is_public(resolved) and not exceptions.has(resolved):
            raise UnsafeUrlError(f"must lead to a public host; {exceptions.setting} names the exceptions")
