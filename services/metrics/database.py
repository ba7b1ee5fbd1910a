"""The metrics schema."""

from shared.database import Spine

spine = Spine("metrics")
