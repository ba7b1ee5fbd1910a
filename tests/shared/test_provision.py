"""Each service speaks as a role of its own that owns one schema and sees no other."""

from collections.abc import AsyncIterator
from itertools import permutations
from urllib.parse import quote
from uuid import uuid4

import asyncpg
import pytest

from services.fleet import DEFINE
from shared.provision import Admission, admit, connect, create_database, create_schemas, role_of
from tests.support.postgres import with_database

PASSWORD = "Ab.cd~ef-gh_12"


@pytest.fixture
async def administrator(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await connect(database_url)
    yield connection
    await connection.close()


@pytest.fixture
async def login(postgres_url: str) -> AsyncIterator[str]:
    """A login without any right; its name."""
    name = f"login_{uuid4().hex[:12]}"
    connection = await connect(postgres_url)
    await connection.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{PASSWORD}'")
    yield name
    await connection.execute(f"REASSIGN OWNED BY {name} TO CURRENT_USER")
    await connection.execute(f"DROP OWNED BY {name}")
    await connection.execute(f"DROP ROLE {name}")
    await connection.close()


def as_login(url: str, name: str) -> str:
    scheme, rest = url.split("://", 1)
    return f"{scheme}://{quote(name)}:{PASSWORD}@{rest.split('@', 1)[-1]}"


class TestRoles:
    @pytest.fixture
    async def administrator(self, module_database_url: str) -> AsyncIterator[asyncpg.Connection]:
        """Of a database that these tests leave as it is."""
        connection = await connect(module_database_url)
        yield connection
        await connection.close()

    @pytest.mark.parametrize(("mine", "theirs"), list(permutations(DEFINE, 2)))
    async def test_of_one_service_sees_nothing_of_another(
        self, administrator: asyncpg.Connection, mine: str, theirs: str
    ) -> None:
        await administrator.execute(f"SET ROLE {role_of(mine)}")
        for statement in (
            f"SELECT count(*) FROM {theirs}.outbox",
            f"SELECT count(*) FROM {theirs}.alembic_version",
            f"INSERT INTO {theirs}.outbox (type, body) VALUES ('x', 'x')",
            f"UPDATE {theirs}.inbox SET handler = 'x'",
            f"DELETE FROM {theirs}.inbox",
            f"TRUNCATE {theirs}.outbox",
            f"CREATE TABLE {theirs}.intruder (x int)",
            f"DROP TABLE {theirs}.outbox",
            f"DROP SCHEMA {theirs} CASCADE",
            f"SET ROLE {role_of(theirs)}",
            f"GRANT {role_of(theirs)} TO {role_of(mine)}",
        ):
            if statement.startswith("SET ROLE"):
                allowed = await administrator.fetchval(
                    "SELECT pg_has_role($1, $2, 'MEMBER')", role_of(mine), role_of(theirs)
                )
                assert not allowed
                continue
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await administrator.execute(statement)
        visible = await administrator.fetchval(
            "SELECT count(*) FROM information_schema.tables WHERE table_schema = $1", theirs
        )
        assert visible == 0

    @pytest.mark.parametrize("service", DEFINE)
    async def test_may_do_all_in_its_own(self, administrator: asyncpg.Connection, service: str) -> None:
        await administrator.execute(f"SET ROLE {role_of(service)}")
        await administrator.execute(f"INSERT INTO {service}.outbox (type, body) VALUES ('x', 'x')")
        assert await administrator.fetchval(f"SELECT count(*) FROM {service}.outbox WHERE type = 'x'") == 1

    @pytest.mark.parametrize("service", DEFINE)
    async def test_is_no_administrator(self, administrator: asyncpg.Connection, service: str) -> None:
        rights = await administrator.fetchrow(
            "SELECT rolsuper, rolcreaterole, rolcreatedb, rolbypassrls, rolreplication "
            "FROM pg_roles WHERE rolname = $1",
            role_of(service),
        )
        assert not any(rights.values())


class TestCreateSchemas:
    async def test_lets_a_role_log_in_with_its_password(
        self, database_url: str, administrator: asyncpg.Connection
    ) -> None:
        try:
            await create_schemas(database_url, ["audit"], {"audit": PASSWORD})
            own = await connect(as_login(database_url, role_of("audit")))
            assert await own.fetchval("SELECT current_user") == "ratchet_audit"
            await own.close()
            assert await admit(as_login(database_url, role_of("audit")), "audit") == Admission(None)
        finally:
            await administrator.execute("ALTER ROLE ratchet_audit NOLOGIN PASSWORD NULL")

    @pytest.mark.parametrize(
        "password", ["", "short", "x" * 129, "quote'quote'quote", "white space inside", "läßt-sich-nicht"]
    )
    async def test_refuses_a_password_that_would_not_be_safe_to_write_down(
        self, database_url: str, password: str
    ) -> None:
        with pytest.raises(ValueError, match="12 to 128"):
            await create_schemas(database_url, ["audit"], {"audit": password})

    async def test_twice_changes_nothing(self, database_url: str, administrator: asyncpg.Connection) -> None:
        question = "SELECT nspname, nspowner::regrole::text FROM pg_namespace ORDER BY 1"
        before = await administrator.fetch(question)
        await create_schemas(database_url, list(DEFINE))
        assert await administrator.fetch(question) == before


class TestCreateDatabase:
    async def test_twice_changes_nothing(self, postgres_url: str) -> None:
        name = f"twice_{uuid4().hex}"
        await create_database(postgres_url, name)
        await create_database(postgres_url, name)
        connection = await connect(postgres_url)
        await connection.execute(f'DROP DATABASE "{name}"')
        await connection.close()


class TestAdmit:
    async def test_an_administrator_speaks_as_the_services_role(self, database_url: str) -> None:
        assert await admit(database_url, "audit") == Admission("ratchet_audit")

    async def test_a_member_of_the_role_speaks_as_it(
        self, database_url: str, administrator: asyncpg.Connection, login: str
    ) -> None:
        await administrator.execute(f"GRANT ratchet_audit TO {login}")
        assert await admit(as_login(database_url, login), "audit") == Admission("ratchet_audit")

    async def test_a_login_that_may_create_roles_makes_them(
        self, postgres_url: str, administrator: asyncpg.Connection, login: str
    ) -> None:
        name, service = f"fresh_{uuid4().hex}", f"made_{uuid4().hex[:8]}"
        await administrator.execute(f"ALTER ROLE {login} CREATEROLE")
        await administrator.execute(f'CREATE DATABASE "{name}" OWNER {login}')
        url = as_login(with_database(postgres_url, name), login)
        try:
            assert await admit(url, service) == Admission(role_of(service))
            assert await admit(url, service) == Admission(role_of(service))
        finally:
            await administrator.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
            await administrator.execute(f"DROP ROLE IF EXISTS {role_of(service)}")

    async def test_a_plain_owner_of_a_database_speaks_as_itself(
        self, postgres_url: str, administrator: asyncpg.Connection, login: str
    ) -> None:
        """A hosted Postgres with one login that may not create roles: it works, without the walls between schemas."""
        name, service = f"hosted_{uuid4().hex}", f"plain_{uuid4().hex[:8]}"
        await administrator.execute(f'CREATE DATABASE "{name}" OWNER {login}')
        url = as_login(with_database(postgres_url, name), login)
        try:
            assert await admit(url, service) == Admission(None)
            own = await connect(url)
            await own.execute(f"CREATE TABLE {service}.works (x int)")
            await own.close()
        finally:
            await administrator.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
