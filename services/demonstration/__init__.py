"""The demonstration organisation that the first start loads: walked through REST, like any user's."""

from services.demonstration.story import load

__all__ = ["load"]
