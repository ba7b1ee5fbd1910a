"""The satisfaction schema."""

from shared.database import Spine

spine = Spine("satisfaction")
