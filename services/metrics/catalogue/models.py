"""The catalogue: services, customers, projects and departments, and every version of each."""

from sqlalchemy import BigInteger, Column, Date, DateTime, Index, Integer, Numeric, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from services.metrics.database import spine

services = Table(
    "services",
    spine.metadata,
    Column("key", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("description", Text),
    Column("service_class", Text, nullable=False),
    Column("level", Text),
    Column("cost", Numeric(14, 2)),
    Column("currency", Text),
    Column("owner", Text, nullable=False),
    Column("department", Text),
    Column("criticality", Text, nullable=False),
    Column("evaluation_cycle_months", Integer),
    Column("benefit", Text),
    Column("risk", Text),
    Column("calendar", Text, nullable=False),
    Column("visible_to", JSONB, nullable=False),
    Column("published_on", Date),
    Column("version", BigInteger, nullable=False),
    Column("edited_by", Text, nullable=False),
    Column("edited_at", DateTime(timezone=True), nullable=False),
    Index(None, "calendar"),
)

customers = Table(
    "customers",
    spine.metadata,
    Column("key", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("segment", Text),
    Column("notes", Text),
    Column("version", BigInteger, nullable=False),
    Column("edited_by", Text, nullable=False),
    Column("edited_at", DateTime(timezone=True), nullable=False),
)

projects = Table(
    "projects",
    spine.metadata,
    Column("key", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("customer", Text, nullable=False),
    Column("manager", Text, nullable=False),
    Column("department", Text),
    Column("starts_on", Date, nullable=False),
    Column("ends_on", Date),
    Column("completed_on", Date),
    Column("version", BigInteger, nullable=False),
    Column("edited_by", Text, nullable=False),
    Column("edited_at", DateTime(timezone=True), nullable=False),
    Index(None, "customer"),
)

departments = Table(
    "departments",
    spine.metadata,
    Column("key", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("head", Text),
    Column("parent", Text),
    Column("version", BigInteger, nullable=False),
    Column("edited_by", Text, nullable=False),
    Column("edited_at", DateTime(timezone=True), nullable=False),
)

entry_versions = Table(
    "entry_versions",
    spine.metadata,
    Column("kind", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("version", BigInteger, primary_key=True),
    Column("entry", JSONB, nullable=False),
    Column("edited_by", Text, nullable=False),
    Column("edited_at", DateTime(timezone=True), nullable=False),
)
