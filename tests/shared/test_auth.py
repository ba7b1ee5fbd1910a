"""Who calls: tokens of the local key and of an identity provider that really serves its keys."""

import json
import threading
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from fastapi import Depends, FastAPI

from shared import clock, problems
from shared.auth import (
    SESSION_COOKIE,
    STAFF,
    Principal,
    Role,
    Staff,
    TokenVerifier,
    customer_of,
    is_staff,
    mint,
    require,
)
from shared.http import Edge
from shared.problems import Forbidden, Unauthenticated
from shared.settings import Settings

KEY = "k" * 32


def make_settings(tmp_path: Path, **values: Any) -> Settings:
    return Settings(data_dir=tmp_path, jwt_key=KEY, seal_key="s" * 32, _env_file=None, **values)  # type: ignore[call-arg]


def claims(**changes: Any) -> dict[str, Any]:
    return {"sub": "anna", "roles": ["engineer"], "exp": clock.now() + timedelta(hours=1), **changes}


@pytest.fixture
def local(tmp_path: Path) -> Settings:
    return make_settings(tmp_path)


def person(*roles: Role, customer: str | None = None) -> Principal:
    return Principal("kim", "Kim", frozenset(roles), customer=customer)


class TestIsStaff:
    @pytest.mark.parametrize("role", STAFF)
    def test_every_role_of_the_house(self, role: Role) -> None:
        assert is_staff(person(Role.CUSTOMER, role))

    @pytest.mark.parametrize("roles", [(), (Role.CUSTOMER,), (Role.INTEGRATION,), (Role.CUSTOMER, Role.INTEGRATION)])
    def test_neither_customers_nor_machines(self, roles: tuple[Role, ...]) -> None:
        assert not is_staff(person(*roles))


class TestCustomerOf:
    def test_staff_see_all(self) -> None:
        assert customer_of(person(Role.ENGINEER, customer="bank")) is None

    def test_a_customer_sees_its_own(self) -> None:
        assert customer_of(person(Role.CUSTOMER, customer="bank")) == "bank"

    def test_a_customers_token_says_whose(self) -> None:
        with pytest.raises(Forbidden, match="claim 'customer'"):
            customer_of(person(Role.CUSTOMER))


class TestVerify:
    async def test_reads_who_it_is(self, local: Settings) -> None:
        token = mint(
            local,
            "anna",
            [Role.AUDITOR, Role.ENGINEER],
            timedelta(hours=1),
            name="Anna",
            departments=["ops"],
            customer="acme",
        )
        assert await TokenVerifier(local).verify(token) == Principal(
            "anna", "Anna", frozenset({Role.AUDITOR, Role.ENGINEER}), ("ops",), "acme"
        )

    async def test_drops_roles_that_it_does_not_know(self, local: Settings) -> None:
        token = jwt.encode(claims(roles=["engineer", "emperor", "ENGINEER"]), KEY, "HS256")
        assert (await TokenVerifier(local).verify(token)).roles == {Role.ENGINEER}

    async def test_without_roles_has_none(self, local: Settings) -> None:
        without = claims()
        del without["roles"]
        assert (await TokenVerifier(local).verify(jwt.encode(without, KEY, "HS256"))).roles == frozenset()

    async def test_an_expired_one_says_so(self, local: Settings) -> None:
        with pytest.raises(Unauthenticated, match="expired"):
            await TokenVerifier(local).verify(mint(local, "anna", [Role.ENGINEER], timedelta(seconds=-1)))

    @pytest.mark.parametrize(
        "token",
        [
            jwt.encode(claims(), "another key, and just as long as it", "HS256"),
            jwt.encode(claims(), None, "none"),
            jwt.encode(claims(), KEY + KEY, "HS512"),
            jwt.encode({"sub": "anna", "roles": ["engineer"]}, KEY, "HS256"),
            jwt.encode({"roles": ["engineer"], "exp": 9999999999}, KEY, "HS256"),
            jwt.encode(claims(nbf=9999999999), KEY, "HS256"),
            jwt.encode(claims(roles=[{"name": "engineer"}]), KEY, "HS256"),
            jwt.encode(claims(departments=7), KEY, "HS256"),
            jwt.encode(claims(), KEY, "HS256")[:-4] + "AAAA",
            "garbage",
            "a.b.c",
            "é.ü.ß",
        ],
    )
    async def test_what_is_not_good_is_refused(self, local: Settings, token: str) -> None:
        with pytest.raises(Unauthenticated):
            await TokenVerifier(local).verify(token)


@pytest.fixture(scope="module")
def provider_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@pytest.fixture
def jwks_url(provider_key: rsa.RSAPrivateKey) -> Iterator[str]:
    """An identity provider's key set, served over HTTP."""
    key = {**json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(provider_key.public_key())), "kid": "one", "use": "sig"}
    document = json.dumps({"keys": [key]}).encode()

    class Keys(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(document)

        def log_message(self, *_: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Keys)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/keys"
    server.shutdown()
    thread.join()
    server.server_close()


class TestIdentityProvider:
    def signed(self, key: rsa.RSAPrivateKey, kid: str = "one", **changes: Any) -> str:
        return jwt.encode(claims(**changes), key, "RS256", headers={"kid": kid})

    async def test_signs_in_with_its_key(self, tmp_path: Path, jwks_url: str, provider_key: rsa.RSAPrivateKey) -> None:
        verifier = TokenVerifier(make_settings(tmp_path, jwks_url=jwks_url))
        assert (await verifier.verify(self.signed(provider_key))).subject == "anna"

    async def test_of_another_name_does_not(self, tmp_path: Path, jwks_url: str) -> None:
        verifier = TokenVerifier(make_settings(tmp_path, jwks_url=jwks_url))
        stranger = rsa.generate_private_key(65537, 2048)
        for kid in ("one", "two"):
            with pytest.raises(Unauthenticated):
                await verifier.verify(self.signed(stranger, kid))

    async def test_leaves_the_local_key_nothing_to_say(self, tmp_path: Path, jwks_url: str) -> None:
        """Nor may its public key be used as a shared secret."""
        settings = make_settings(tmp_path, jwks_url=jwks_url)
        for token in (
            mint(settings, "anna", [Role.ADMINISTRATOR], timedelta(hours=1)),
            jwt.encode(claims(), KEY, "HS256", headers={"kid": "one"}),
            jwt.encode(claims(), None, "none", headers={"kid": "one"}),
        ):
            with pytest.raises(Unauthenticated):
                await TokenVerifier(settings).verify(token)

    async def test_checks_the_audience_where_one_is_set(
        self, tmp_path: Path, jwks_url: str, provider_key: rsa.RSAPrivateKey
    ) -> None:
        verifier = TokenVerifier(make_settings(tmp_path, jwks_url=jwks_url, jwt_audience="ratchet"))
        assert (await verifier.verify(self.signed(provider_key, aud="ratchet"))).subject == "anna"
        for changes in ({}, {"aud": "another"}):
            with pytest.raises(Unauthenticated):
                await verifier.verify(self.signed(provider_key, **changes))

    async def test_that_cannot_be_reached_lets_nobody_in(self, tmp_path: Path, provider_key: rsa.RSAPrivateKey) -> None:
        verifier = TokenVerifier(make_settings(tmp_path, jwks_url="http://127.0.0.1:1/keys"))
        with pytest.raises(Unauthenticated):
            await verifier.verify(self.signed(provider_key))


@pytest.fixture
async def client(local: Settings) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    app.state.verifier = TokenVerifier(local)
    problems.install(app)
    app.add_middleware(Edge, service="test", body_limit_bytes=1024)

    @app.api_route("/staff", methods=["GET", "POST"])
    async def staff(caller: Staff) -> str:
        return caller.subject

    @app.get("/quality")
    async def quality(caller: Principal = Depends(require(Role.QUALITY_MANAGER, Role.AUDITOR))) -> str:
        return caller.subject

    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://ratchet.test") as opened:
        yield opened


def bearer(local: Settings, *roles: Role) -> dict[str, str]:
    return {"Authorization": "Bearer " + mint(local, "anna", list(roles), timedelta(hours=1))}


class TestRequire:
    async def test_without_a_token_says_how_to_get_one(self, client: httpx.AsyncClient) -> None:
        for headers in ({}, {"Authorization": "Basic YTpi"}, {"Authorization": "Bearer "}):
            answer = await client.get("/staff", headers=headers)
            assert answer.status_code == 401
            assert answer.headers["www-authenticate"] == "Bearer"
            assert "ratchet token" in answer.json()["detail"]

    async def test_with_a_bad_token_says_why(self, client: httpx.AsyncClient) -> None:
        answer = await client.get("/staff", headers={"Authorization": "Bearer garbage"})
        assert answer.status_code == 401
        assert "not valid" in answer.json()["detail"]

    async def test_lets_in_the_roles_that_it_names(self, client: httpx.AsyncClient, local: Settings) -> None:
        for role in Role:
            answer = await client.get("/quality", headers=bearer(local, role))
            assert answer.status_code == (200 if role in (Role.QUALITY_MANAGER, Role.AUDITOR) else 403)

    async def test_that_names_none_lets_staff_in(self, client: httpx.AsyncClient, local: Settings) -> None:
        for role in Role:
            answer = await client.get("/staff", headers=bearer(local, role))
            assert answer.status_code == (200 if role in STAFF else 403)

    async def test_names_the_roles_that_would_do(self, client: httpx.AsyncClient, local: Settings) -> None:
        answer = await client.get("/quality", headers=bearer(local, Role.ENGINEER))
        assert answer.json()["needed"] == ["auditor", "quality_manager"]


class TestSessionCookie:
    @pytest.fixture
    def cookie(self, local: Settings) -> dict[str, str]:
        token = mint(local, "anna", [Role.ENGINEER], timedelta(hours=1))
        return {"Cookie": f"{SESSION_COOKIE}={token}"}

    async def test_reads_from_anywhere(self, client: httpx.AsyncClient, cookie: dict[str, str]) -> None:
        for site in ({}, {"Sec-Fetch-Site": "cross-site"}):
            assert (await client.get("/staff", headers={**cookie, **site})).status_code == 200

    @pytest.mark.parametrize(
        ("headers", "status"),
        [
            ({"Sec-Fetch-Site": "same-origin"}, 200),
            ({"Sec-Fetch-Site": "same-site"}, 403),
            ({"Sec-Fetch-Site": "cross-site"}, 403),
            ({"Sec-Fetch-Site": "cross-site", "Origin": "http://ratchet.test"}, 403),
            ({"Sec-Fetch-Site": "none"}, 403),
            ({"Origin": "http://ratchet.test"}, 200),
            ({"Origin": "http://evil.test"}, 403),
            ({"Origin": "null"}, 403),
            ({}, 403),
        ],
    )
    async def test_writes_from_our_own_pages_only(
        self, client: httpx.AsyncClient, cookie: dict[str, str], headers: dict[str, str], status: int
    ) -> None:
        assert (await client.post("/staff", headers={**cookie, **headers})).status_code == status

    async def test_a_bearer_token_writes_from_anywhere(self, client: httpx.AsyncClient, local: Settings) -> None:
        headers = {**bearer(local, Role.ENGINEER), "Origin": "http://elsewhere.test"}
        assert (await client.post("/staff", headers=headers)).status_code == 200
