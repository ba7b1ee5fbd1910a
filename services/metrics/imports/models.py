"""Imports of a ticketing system's export: how far each file has come."""

from sqlalchemy import BigInteger, Column, DateTime, Table, Text, UniqueConstraint, Uuid

from services.metrics.database import spine

imports = Table(
    "imports",
    spine.metadata,
    Column("id", Uuid, primary_key=True),
    Column("format", Text, nullable=False),
    Column("connection", Text, nullable=False),
    Column("filename", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("rows_done", BigInteger, nullable=False),
    Column("accepted", BigInteger, nullable=False),
    Column("changed", BigInteger, nullable=False),
    Column("quarantined", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("started_by", Text, nullable=False),
    Column("started_at", DateTime(timezone=True), nullable=False),
    Column("heartbeat_at", DateTime(timezone=True), nullable=False),
    Column("finished_at", DateTime(timezone=True)),
    UniqueConstraint("connection", "digest"),
)
