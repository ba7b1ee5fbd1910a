"""Connections as they were kept before systems had options of their own."""

import json

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from services.improvement.connections.models import Connection
from services.improvement.connections.schemas import ConnectionView
from services.improvement.connections.service import Ticketing
from shared.database import async_url
from shared.sealing import Sealer
from tests.improvement.tasks.test_migrations import bring_to

SECRET = "whsec_" + "c2VjcmV0" * 6
OLD_OPTIONS = {
    "url": "https://desk.example/changes",
    "body_template": {"summary": "${title}"},
    "find_url": None,
    "id_pointer": "/result/id",
    "url_pointer": "/url",
    "outcome_url": None,
    "state_pointer": "/state",
    "implemented_at_pointer": "/implemented_at",
    "states": {"Done": "implemented"},
}
_OLD = text(
    "INSERT INTO improvement.change_connections (key, version, system, is_default, options, sealed, updated_at, "
    "updated_by) VALUES ('desk', 3, 'generic', true, CAST(:options AS jsonb), :sealed, now(), 'adam')"
)


class TestImprovementInFull:
    async def test_an_old_connection_goes_on_with_its_secrets(self, database_url: str) -> None:
        ticketing = Ticketing(Sealer("k" * 32))
        sealed = ticketing.seal({"secret": SECRET, "headers": {"X-Gate": "open-sesame"}})
        engine = create_async_engine(async_url(database_url))
        async with engine.begin() as connection:
            await connection.execute(text("DROP SCHEMA IF EXISTS improvement CASCADE"))
            await connection.execute(text("CREATE SCHEMA improvement"))
            await connection.run_sync(bring_to, "0001")
            await connection.execute(_OLD, {"options": json.dumps(OLD_OPTIONS), "sealed": sealed})
        async with engine.begin() as connection:
            await connection.run_sync(bring_to, "head")
            row = (await connection.execute(text("SELECT * FROM improvement.change_connections"))).mappings().one()
        await engine.dispose()
        known = {name: orjson.loads(v) if isinstance(v, str) and v[:1] == "{" else v for name, v in row.items()}
        kept = Connection(**known)
        shown = ConnectionView.of(kept, ticketing.unseal(kept))
        assert (shown.url, shown.id_pointer, shown.headers) == (OLD_OPTIONS["url"], "/result/id", ["X-Gate"])
        assert (shown.states, shown.has_secret, shown.webhook_authentication) == (
            {"Done": "implemented"},
            True,
            "standard_webhooks",
        )
        opened = ticketing.open("desk", kept)
        assert opened.secret == SECRET
