"""What the forms of complaints, feedback and surveys share: times by the installation's clock."""

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from fastapi import Request

from services.satisfaction.settings import SatisfactionSettings
from shared.pages import forms


def zone_of(request: Request) -> str:
    """Whose clock pages show and forms are filled in by: the installation's."""
    thresholds: SatisfactionSettings = request.app.state.thresholds
    return thresholds.time_zone


def given(typed: Mapping[str, str], *names: str, zone: str = "UTC") -> dict[str, str]:
    """Of these fields, those in which something was typed; times (`…_at`) without an offset are by the clock of
    `zone`."""
    found = forms.given(typed, *names)
    return {name: read_moment(value, zone) if name.endswith("_at") else value for name, value in found.items()}


def read_moment(value: str, zone: str) -> str:
    """With its offset; what is no time stays as it is, and is refused as such."""
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return value
    return (moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))).isoformat()
