"""Stretches of time: joined, cut out of one another, and measured by a clock."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

from shared.calendars import ALWAYS, Calendar, working_time_between

Span: TypeAlias = tuple[datetime, datetime]
"""From, and to but without; in UTC."""

Clock = Literal["business", "elapsed"]
"""The agreement's calendar, or the clock on the wall."""

MINUTE = timedelta(minutes=1)


def join(spans: Iterable[Span]) -> list[Span]:
    """In order, with those that overlap or touch made one; empty ones go."""
    joined: list[Span] = []
    for begin, end in sorted(span for span in spans if span[0] < span[1]):
        if joined and begin <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((begin, end))
    return joined


def clip(spans: Iterable[Span], begin: datetime, end: datetime) -> list[Span]:
    """What of them lies in [begin, end)."""
    return join((max(first, begin), min(last, end)) for first, last in spans)


def cut(spans: Iterable[Span], cuts: Iterable[Span]) -> list[Span]:
    """What of them lies outside of the cuts."""
    left: list[Span] = []
    holes = join(cuts)
    for begin, end in join(spans):
        at = begin
        for first, last in holes:
            if last <= at:
                continue
            if first >= end:
                break
            if first > at:
                left.append((at, first))
            at = last
        if at < end:
            left.append((at, end))
    return left


def clock_of(clock: Clock, calendar: Calendar) -> Calendar:
    """The calendar by which this clock counts."""
    return calendar if clock == "business" else ALWAYS


def measure(calendar: Calendar, spans: Sequence[Span]) -> timedelta:
    """The calendar's time in these stretches, which do not overlap."""
    return sum((working_time_between(calendar, begin, end) for begin, end in spans), timedelta())


def in_minutes(amount: timedelta) -> float:
    return amount / MINUTE
