"""The notifier schema."""

from shared.database import Spine

spine = Spine("notifier")
