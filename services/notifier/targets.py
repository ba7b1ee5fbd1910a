"""Where webhooks may go: an address is checked after it was resolved, and that very address is connected to.

A name that resolved to a public address when the endpoint was registered may resolve to a private one later (DNS
rebinding), and `2130706433`, `0x7f000001` or `[::ffff:10.0.0.1]` are private addresses in disguise: so it is always
the resolved address that is judged, at registration and at each attempt.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

import httpx

from shared.problems import Problem

Address = IPv4Address | IPv6Address
Resolve = Callable[[str, int], Awaitable[list[Address]]]
"""The addresses of a host; raises `OSError` when it has none."""

SETTING = "RATCHET_NOTIFIER_DANGEROUS_ALLOW_PRIVATE_TARGETS"
MOST_ADDRESSES = 4
_GLOBAL_UNICAST = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")


class PrivateTarget(Problem):
    """The URL leads to an address that is not public."""

    status = 422


class InvalidTarget(ValueError):
    """Not a URL that a webhook can be sent to: says why."""


def parse_target(url: str) -> httpx.URL:
    """The URL as the HTTP client reads it.

    Raises:
        InvalidTarget: not http or https, no host, a user name or password in it, a fragment, no usable port.
    """
    if any(ord(character) <= 0x20 or ord(character) == 0x7F for character in url):
        raise InvalidTarget("must not hold blanks or control characters")
    try:
        target = httpx.URL(url)
        host, port = target.host, target.port
        _ascii_host(target).encode("idna")
    except (httpx.InvalidURL, ValueError) as error:
        raise InvalidTarget(f"is not a URL: {error}") from error
    if target.scheme not in ("http", "https"):
        raise InvalidTarget("must begin with https:// or http://")
    if not host:
        raise InvalidTarget("names no host")
    if target.userinfo or "@" in target.netloc.decode("ascii", "replace"):
        raise InvalidTarget("must not hold a user name or password; deliveries are authenticated by their signature")
    if target.fragment:
        raise InvalidTarget("must not have a fragment (#…): it would never be sent")
    if port is not None and not 1 <= port <= 65535:
        raise InvalidTarget("its port must lie between 1 and 65535")
    return target


def _ascii_host(target: httpx.URL) -> str:
    return target.raw_host.decode("ascii")


def is_public(address: Address) -> bool:
    """Whether this is an address of the public Internet; IPv4 inside IPv6 is judged as the IPv4 that it is."""
    if isinstance(address, IPv6Address):
        inner = _embedded(address)
        if inner is not None:
            return is_public(inner)
        if address not in _GLOBAL_UNICAST:
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def _embedded(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that packets to this IPv6 address end at: mapped, 6to4 or NAT64."""
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


def make_resolver(threads: int) -> Resolve:
    """The system's resolver, in threads of its own: a host whose name server is slow holds up nobody else."""
    executor = ThreadPoolExecutor(threads, thread_name_prefix="resolve")

    async def resolve(host: str, port: int) -> list[Address]:
        found = await asyncio.get_running_loop().run_in_executor(executor, _getaddrinfo, host, port)
        return list(dict.fromkeys(ip_address(entry[4][0]) for entry in found))

    return resolve


def _getaddrinfo(host: str, port: int) -> list[tuple[int, int, int, str, tuple[str, int]]]:
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)  # type: ignore[return-value]


class Guard:
    """Finds the addresses of a target and lets only public ones pass, unless private ones are allowed."""

    def __init__(self, resolve: Resolve, *, allow_private: bool) -> None:
        self._resolve = resolve
        self.allow_private = allow_private

    async def addresses(self, target: httpx.URL) -> list[Address]:
        """All addresses of this target's host, each of them allowed.

        Raises:
            PrivateTarget: at least one address is not public.
            OSError: the host has no address.
        """
        host = _ascii_host(target)
        try:
            found = [ip_address(host)]
        except ValueError:
            try:
                found = await self._resolve(host, target.port or (443 if target.scheme == "https" else 80))
            except UnicodeError as error:
                raise OSError(f"{host} is not a host name") from error
        if not found:
            raise OSError(f"{host} has no address")
        refused = [address for address in found if not is_public(address)]
        if refused and not self.allow_private:
            raise PrivateTarget(
                f"{host} leads to {refused[0]}, which is not a public address; where webhooks inside your own network "
                f"are wanted, an administrator sets {SETTING}=true",
                setting=SETTING,
            )
        return found

    async def check(self, target: httpx.URL, timeout_seconds: float) -> None:
        """Refuse a target that leads inside; one that cannot be resolved now passes, each attempt looks again.

        Raises:
            PrivateTarget: at least one address is not public.
        """
        if self.allow_private:
            return
        try:
            async with asyncio.timeout(timeout_seconds):
                await self.addresses(target)
        except OSError:  # TimeoutError is one
            return


class GuardedTransport(httpx.AsyncBaseTransport):
    """Connects to the address that was checked, and speaks to it as the host that was asked for.

    No connection is kept for later: each request resolves, checks and connects by itself, and two hosts that share an
    address never share a connection.
    """

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
        self._inner = httpx.AsyncHTTPTransport(limits=limits)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        addresses = (await self._guard.addresses(request.url))[:MOST_ADDRESSES]
        for address in addresses[:-1]:
            try:
                return await self._send_to(address, request)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                continue
        return await self._send_to(addresses[-1], request)

    async def _send_to(self, address: Address, request: httpx.Request) -> httpx.Response:
        pinned = httpx.Request(
            request.method,
            request.url.copy_with(host=str(address)),
            headers=request.headers,
            stream=request.stream,
            extensions={**request.extensions, "sni_hostname": _ascii_host(request.url)},
        )
        return await self._inner.handle_async_request(pinned)

    async def aclose(self) -> None:
        await self._inner.aclose()
