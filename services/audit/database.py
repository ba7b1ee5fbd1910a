"""The audit schema."""

from shared.database import Spine

spine = Spine("audit")
