"""The improvement schema."""

from shared.database import Spine

spine = Spine("improvement")
