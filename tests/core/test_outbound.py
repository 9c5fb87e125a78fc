"""URLs that users give us to call (the SSRF corpus)."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from langfuse_app.core.outbound import Allowed, UnsafeUrlError, check_url, is_public

NOTHING = Allowed("LANGFUSE_X_WHITELISTED_HOST")


@pytest.mark.parametrize(
    "url",
    [
        "https://api.openai.com/v1",
        "http://8.8.8.8:8080/x?y=z",
        "https://[2606:4700:4700::1111]/",
        "https://EXAMPLE.com./a",
        "http://xn--bcher-kva.example/",
    ],
)
def test_public_urls_pass(url: str) -> None:
    check_url(url, NOTHING)


@pytest.mark.parametrize(
    "host",
    [
        *("localhost", "LOCALHOST.", "a.localhost", "127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0", "0.0.0.0"),
        *("10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "224.0.0.1", "255.255.255.255", "198.18.0.1"),
        *("[::1]", "[::]", "[fe80::1]", "[fc00::1]", "[ff02::1]", "[::ffff:127.0.0.1]", "[::ffff:a00:1]", "[64:ff9b::7f00:1]"),
        *("[2002:7f00:1::]", "metadata.google.internal", "db", "ollama", "printer.local", "x.svc.cluster.local", "host.docker.internal"),
    ],
)
def test_private_hosts_are_refused(host: str) -> None:
    with pytest.raises(UnsafeUrlError, match="LANGFUSE_X_WHITELISTED_HOST"):
        check_url(f"http://{host}:8080/v1", NOTHING)


@pytest.mark.parametrize(
    "url", ["", "x", "ftp://a.com", "file:///etc/passwd", "//a.com", "http://", "http://a.com:99999", "http://[x]/", "javascript:1"]
)
def test_other_things_are_refused(url: str) -> None:
    with pytest.raises(UnsafeUrlError):
        check_url(url, NOTHING)


@pytest.mark.parametrize("url", ["https://user:word@example.com", "https://user@example.com", "https://example.com@127.0.0.1"])
def test_credentials_in_urls_are_refused(url: str) -> None:
    with pytest.raises(UnsafeUrlError, match="user name"):
        check_url(url, NOTHING)


def test_exceptions_are_named() -> None:
    own = Allowed("X", frozenset({"ollama"}), frozenset({ipaddress.ip_address("10.0.0.1")}), (ipaddress.ip_network("192.168.0.0/16"),))
    for host in ("ollama", "OLLAMA", "10.0.0.1", "192.168.7.7"):
        check_url(f"http://{host}:11434", own)
    for host in ("ollama2", "10.0.0.2", "127.0.0.1"):
        with pytest.raises(UnsafeUrlError):
            check_url(f"http://{host}", own)


@given(st.ip_addresses(v=4))
def test_every_spelling_of_an_address_is_judged_alike(address: ipaddress.IPv4Address) -> None:
    mapped = f"[::ffff:{address}]"
    for host in (str(address), str(int(address)), hex(int(address)), mapped):
        try:
            check_url(f"http://{host}/", NOTHING)
            passed = True
        except UnsafeUrlError:
            passed = False
        assert passed == is_public(address), host
