import socket

import pytest

from consentry.errors import AddressRefused
from consentry.outbound.addresses import AddressRules, CheckedResolver

REFUSED = [
    ("http://api.example.com/", "plain http"),
    ("ftp://api.example.com/", "another protocol"),
    ("//api.example.com/", "no protocol"),
    ("https:///path", "no host"),
    ("https://user@api.example.com/", "a user"),
    ("https://user:secret@api.example.com/", "a user and a password"),
    ("https://api.example.com/#part", "a fragment"),
    ("https://api.example.com\\@127.0.0.1/", "a backslash that some take for a slash"),
    ("https://api.example.com/a b", "a space"),
    ("https://api.example.com/a\r\nX-Evil: 1", "the end of the line and a header"),
    ("https://api.example.com/\x00", "a NUL"),
    ("https://api.exämple.com/", "letters beyond ASCII"),
    ("https://127。0。0。1/", "full-width dots"),
    ("https://127.0.0.1/", "loopback"),
    ("https://127.1/", "loopback, short"),
    ("https://2130706433/", "loopback, decimal"),
    ("https://0x7f000001/", "loopback, hexadecimal"),
    ("https://0x7f.0.0.1/", "loopback, partly hexadecimal"),
    ("https://0177.0.0.1/", "loopback, octal"),
    ("https://017700000001/", "loopback, octal in one"),
    ("https://127.0.0.1./", "loopback with a dot at its end"),
    ("https://0.0.0.0/", "this host"),
    ("https://10.1.2.3/", "private"),
    ("https://172.16.0.1/", "private"),
    ("https://192.168.1.1/", "private"),
    ("https://100.64.0.1/", "carrier's own"),
    ("https://169.254.169.254/", "link-local: a cloud's metadata"),
    ("https://100.100.100.200/", "a cloud's metadata"),
    ("https://168.63.129.16/", "a cloud's own server at a public address"),
    ("https://192.0.0.192/", "a cloud's metadata"),
    ("https://224.0.0.1/", "multicast"),
    ("https://255.255.255.255/", "broadcast"),
    ("https://[::1]/", "loopback"),
    ("https://[::]/", "unspecified"),
    ("https://[::ffff:127.0.0.1]/", "loopback mapped into IPv6"),
    ("https://[::ffff:a9fe:a9fe]/", "metadata mapped into IPv6"),
    ("https://[::127.0.0.1]/", "loopback, the compatible form"),
    ("https://[64:ff9b::7f00:1]/", "loopback, translated"),
    ("https://[64:ff9b:1::1]/", "translated privately"),
    ("https://[2002:7f00:1::]/", "loopback by 6to4"),
    ("https://[2001:0:7f00:1::]/", "Teredo"),
    ("https://[fe80::1]/", "link-local"),
    ("https://[fec0::1]/", "site-local"),
    ("https://[fc00::1]/", "unique local"),
    ("https://[fd00:ec2::254]/", "a cloud's metadata"),
    ("https://[ff02::1]/", "multicast"),
    ("https://[2001:db8::1]/", "documentation"),
]


@pytest.mark.parametrize(("url", "reason"), REFUSED)
def test_an_address_is_refused(url: str, reason: str) -> None:
    with pytest.raises(AddressRefused):
        AddressRules().check(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://api.capsulecrm.com/api/v2/parties?embed=tags,fields",
        "https://api.example.com:8443/",
        "https://93.184.216.34/",
        "https://[2606:4700::1111]/",
        "https://4chan.example/",
    ],
)
def test_a_public_address_passes_unchanged(url: str) -> None:
    assert str(AddressRules().check(url)) == url


def test_an_operator_may_set_a_private_base_and_only_that() -> None:
    rules = AddressRules(["http://127.0.0.1:9000/base", "https://crm.internal"])
    rules.check("http://127.0.0.1:9000/base/oauth/token")
    rules.check("https://crm.internal/x")
    rules.check_resolved("crm.internal", 443, ["10.0.0.5"])
    for other in (
        "http://127.0.0.1:9001/",
        "https://127.0.0.1:9000/",
        "http://crm.internal/",
        "http://localhost:9000/",
    ):
        with pytest.raises(AddressRefused):
            rules.check(other)
    with pytest.raises(AddressRefused):
        rules.check_resolved("crm.internal", 8443, ["10.0.0.5"])


async def test_one_private_address_among_public_ones_spoils_the_name() -> None:
    async def resolve(host: str, port: int) -> list[str]:
        return ["93.184.216.34", "10.0.0.1"]

    with pytest.raises(AddressRefused, match=r"api\.example\.com"):
        await CheckedResolver(AddressRules(), resolve).resolve("api.example.com", 443)


async def test_the_connection_goes_to_the_addresses_that_were_judged() -> None:
    async def resolve(host: str, port: int) -> list[str]:
        return ["93.184.216.34", "2606:4700::1111"]

    found = await CheckedResolver(AddressRules(), resolve).resolve("api.example.com", 443)
    assert [(one["host"], one["family"]) for one in found] == [
        ("93.184.216.34", socket.AF_INET),
        ("2606:4700::1111", socket.AF_INET6),
    ]
    assert all(one["flags"] & socket.AI_NUMERICHOST for one in found)


async def test_a_link_local_address_with_a_zone_is_refused() -> None:
    with pytest.raises(AddressRefused):
        AddressRules().check_resolved("api.example.com", 443, ["fe80::1%eth0"])
