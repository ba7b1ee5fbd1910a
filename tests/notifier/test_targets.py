import datetime
import ssl
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from services.notifier.targets import (
    Address,
    Guard,
    GuardedTransport,
    InvalidTarget,
    PrivateTarget,
    is_public,
    make_resolver,
    parse_target,
)
from tests.notifier.receiver import Receiver, answer, receiving


class Names:
    """A resolver's twin: names with the addresses that they have, changing from one question to the next."""

    def __init__(self, **answers: list[list[str]]) -> None:
        self._answers = {name.replace("_", "."): list(values) for name, values in answers.items()}
        self.asked: list[str] = []

    async def __call__(self, host: str, _port: int) -> list[Address]:
        self.asked.append(host)
        if host not in self._answers:
            raise OSError("no such host")
        answers = self._answers[host]
        return [ip_address(a) for a in (answers.pop(0) if len(answers) > 1 else answers[0])]


class TestIsPublic:
    @pytest.mark.parametrize("address", ["93.184.216.34", "1.1.1.1", "2606:4700::1111", "64:ff9b::5db8:d822"])
    def test_lets_public_addresses_pass(self, address: str) -> None:
        assert is_public(ip_address(address))

    @pytest.mark.parametrize(
        "address",
        [
            "0.0.0.0",
            "10.0.0.1",
            "100.64.0.1",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "172.16.0.1",
            "192.0.2.1",
            "192.168.1.1",
            "198.18.0.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::7f00:1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::7f00:1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::1",
            "100::1",
            "2001:db8::1",
            "2001::1",
            "2002:7f00:1::",
            "2002:a00:1::1",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "fe80::1%eth0",
            "fec0::1",
            "ff02::1",
        ],
    )
    def test_stops_what_is_not(self, address: str) -> None:
        assert not is_public(ip_address(address))

    @given(st.ip_addresses(v=4))
    def test_judges_a_disguised_address_as_what_it_is(self, address: IPv4Address) -> None:
        mapped = IPv6Address(b"\x00" * 10 + b"\xff\xff" + address.packed)
        nat64 = IPv6Address(b"\x00\x64\xff\x9b" + b"\x00" * 8 + address.packed)
        sixtofour = IPv6Address(b"\x20\x02" + address.packed + b"\x00" * 10)
        assert {is_public(disguise) for disguise in (mapped, nat64, sixtofour)} == {is_public(address)}


class TestParseTarget:
    @pytest.mark.parametrize(
        "url",
        ["https://example.com", "http://example.com:8080/a?b=c", "https://[2606:4700::1111]/x", "https://münchen.de/"],
    )
    def test_takes_web_addresses(self, url: str) -> None:
        assert parse_target(url).host

    @pytest.mark.parametrize(
        ("url", "why"),
        [
            ("ftp://example.com/", "must begin with"),
            ("example.com/hook", "must begin with"),
            ("javascript:alert(1)", "must begin with"),
            ("file:///etc/passwd", "must begin with"),
            ("https:///hook", "no host"),
            ("https://user@example.com/", "user name"),
            ("https://user:word@example.com/", "user name"),
            ("https://:@example.com/", "user name"),
            ("https://example.com/#part", "fragment"),
            ("https://example.com:0/", "port"),
            ("https://example.com:70000/", "port"),
            ("https://example.com:x/", "not a URL"),
            ("https://a..b/", "not a URL"),
            (f"https://{'a' * 64}.com/", "not a URL"),
            ("https://exa mple.com/", "blanks"),
            ("https://example.com/\x00", "control"),
            ("https://example.com/\r\nx: y", "control"),
            ("https://[::1/", "not a URL"),
            ("https://example.com/\ud800", "not a URL"),
        ],
    )
    def test_says_what_is_wrong(self, url: str, why: str) -> None:
        with pytest.raises(InvalidTarget, match=why):
            parse_target(url)

    @given(st.text(max_size=60))
    def test_takes_or_refuses_but_never_breaks(self, rest: str) -> None:
        try:
            parse_target("http://" + rest)
        except InvalidTarget:
            return


class TestGuard:
    @pytest.mark.parametrize(
        "url",
        [
            "http://127.0.0.1/",
            "http://[::1]/",
            "http://[::ffff:10.0.0.1]/",
            "http://[::ffff:a00:1]/",
            "http://[fe80::1]/",
            "http://0.0.0.0/",
            "http://169.254.169.254/latest/meta-data/",
        ],
    )
    async def test_refuses_private_literals_without_asking(self, url: str) -> None:
        names = Names()
        with pytest.raises(PrivateTarget, match="DANGEROUS_ALLOW_PRIVATE_TARGETS"):
            await Guard(names, allow_private=False).addresses(parse_target(url))
        assert names.asked == []

    @pytest.mark.parametrize("host", ["localhost", "2130706433", "0x7f000001", "0x7f.1", "127.1"])
    async def test_refuses_every_spelling_that_the_system_resolves_to_loopback(self, host: str) -> None:
        with pytest.raises(PrivateTarget):
            await Guard(make_resolver(1), allow_private=False).addresses(parse_target(f"http://{host}/"))

    async def test_an_octal_spelling_is_no_url_at_all(self) -> None:
        with pytest.raises(InvalidTarget):
            parse_target("http://0177.0.0.1/")

    async def test_refuses_a_name_that_leads_inside(self) -> None:
        guard = Guard(Names(intern_example=[["192.168.0.7"]]), allow_private=False)
        with pytest.raises(PrivateTarget, match=r"192\.168\.0\.7"):
            await guard.addresses(parse_target("https://intern.example/"))

    async def test_refuses_a_name_with_one_bad_address_among_good_ones(self) -> None:
        guard = Guard(Names(mixed_example=[["93.184.216.34", "10.0.0.1"]]), allow_private=False)
        with pytest.raises(PrivateTarget):
            await guard.addresses(parse_target("https://mixed.example/"))

    async def test_lets_a_public_name_pass(self) -> None:
        guard = Guard(Names(good_example=[["93.184.216.34"]]), allow_private=False)
        assert await guard.addresses(parse_target("https://good.example/")) == [ip_address("93.184.216.34")]

    async def test_a_name_unknown_today_may_be_registered(self) -> None:
        await Guard(Names(), allow_private=False).check(parse_target("https://tomorrow.example/"), 1)

    async def test_lets_everything_pass_where_that_is_set(self) -> None:
        guard = Guard(Names(), allow_private=True)
        assert await guard.addresses(parse_target("http://127.0.0.1/")) == [ip_address("127.0.0.1")]


class TestGuardedTransport:
    async def test_connects_to_the_checked_address_under_the_name_that_was_asked_for(self, receiver: Receiver) -> None:
        names = Names(hooks_example=[["127.0.0.1"], ["203.0.113.9"]])
        async with httpx.AsyncClient(transport=GuardedTransport(Guard(names, allow_private=True))) as client:
            got = await client.post(receiver.url("hooks.example", "/a?b=c"), content=b"x")
        assert got.status_code == 204
        assert names.asked == ["hooks.example"]
        assert receiver.received[0].headers["host"] == f"hooks.example:{receiver.port}"
        assert receiver.received[0].path == "/a?b=c"

    async def test_a_name_that_turns_private_later_is_refused_then(self, receiver: Receiver) -> None:
        names = Names(rebinding_example=[["93.184.216.34"], ["127.0.0.1"]])
        guard = Guard(names, allow_private=False)
        target = parse_target(receiver.url("rebinding.example"))
        await guard.check(target, 1)
        async with httpx.AsyncClient(transport=GuardedTransport(guard)) as client:
            with pytest.raises(PrivateTarget):
                await client.post(target, content=b"x")
        assert receiver.received == []

    async def test_asks_again_each_time_and_keeps_no_connection(self, receiver: Receiver) -> None:
        receiver.answers = [answer(200, connection="keep-alive")]
        names = Names(one_example=[["127.0.0.1"]], two_example=[["127.0.0.1"]])
        transport = GuardedTransport(Guard(names, allow_private=True))
        async with httpx.AsyncClient(transport=transport) as client:
            for host in ("one.example", "two.example", "one.example"):
                await client.post(receiver.url(host), content=b"x")
        assert names.asked == ["one.example", "two.example", "one.example"]
        assert [request.headers["host"].split(":")[0] for request in receiver.received] == names.asked

    async def test_tries_the_next_address_when_one_does_not_answer(self, receiver: Receiver) -> None:
        names = Names(two_example=[["127.0.0.2", "127.0.0.1"]])
        async with httpx.AsyncClient(transport=GuardedTransport(Guard(names, allow_private=True))) as client:
            assert (await client.post(receiver.url("two.example"), content=b"x")).status_code == 204

    async def test_verifies_the_certificate_of_the_name_not_of_the_address(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
        names = Names(hooks_example=[["127.0.0.1"]], other_example=[["127.0.0.1"]])
        async with receiving(make_tls(tmp_path, "hooks.example")) as receiver:
            transport = GuardedTransport(Guard(names, allow_private=True))
            async with httpx.AsyncClient(transport=transport) as client:
                assert (await client.post(receiver.url("hooks.example"), content=b"x")).status_code == 204
                with pytest.raises(httpx.ConnectError, match="certificate verify failed"):
                    await client.post(receiver.url("other.example"), content=b"x")


def make_tls(folder: Path, name: str) -> ssl.SSLContext:
    """A server's context with a certificate for this name, which `certificate.pem` lets a client trust."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "certificate.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    return context
