"""What may be done with a complaint, until when, and what must be there first. Values in, verdict out."""

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from shared.auth import Role
from shared.calendars import Calendar
from shared.events.complaints import ComplaintClass
from shared.problems import IllegalTransition, Problem
from shared.working_days import find_end

State = Literal["open", "answered", "accepted", "closed"]
Channel = Literal[
    "hotline", "opinion_box", "web", "email", "visit", "callback", "chat", "letter", "interview", "supervisor", "other"
]
Deadline = Literal["acknowledge", "plan", "answer", "follow_up", "progress", "settlement"]
Cause = Literal["deadline", "rejections", "pass_ons", "owner"]
"""Why a complaint is escalated by itself."""
Entry = Literal[
    "received", "edited", "taken_over", "offered", "declined", "returned", "escalated", "acknowledged", "planned",
    "cause_analysed", "answered", "accepted", "rejected", "followed_up", "supervised", "progress", "noted", "overdue",
    "dispute_opened", "position", "dispute_settled", "closed",
]  # fmt: skip
CLASSES: tuple[ComplaintClass, ...] = get_args(ComplaintClass)

_ALLOWED: dict[str, tuple[State, ...]] = {
    "edit": ("open", "answered", "accepted"),
    "take over": ("open",),
    "decline": ("open",),
    "pass on": ("open",),
    "escalate": ("open", "answered"),
    "acknowledge": ("open",),
    "plan": ("open",),
    "analyse the cause": ("open", "answered", "accepted"),
    "answer": ("open",),
    "accept": ("answered",),
    "reject": ("answered", "accepted", "closed"),
    "follow up": ("answered", "accepted"),
    "supervise": ("open", "answered", "accepted"),
    "report progress": ("open", "answered", "accepted"),
    "note": ("open", "answered", "accepted", "closed"),
    "open a dispute": ("open", "answered", "accepted", "closed"),
    "add a position": ("open", "answered", "accepted", "closed"),
    "settle the dispute": ("open", "answered", "accepted", "closed"),
    "close": ("answered", "accepted"),
}
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""The characters of secrets: without I, L, O and U they can be read out on the phone."""
SECRET_LENGTH = 16
_SECRET = re.compile(rf"[{CROCKFORD}]{{{SECRET_LENGTH}}}")
_AS_HEARD = str.maketrans("OIL", "011", " -\t\r\n")
_NUMBER = re.compile(r"\s*CMP-(\d{1,18})\s*", re.IGNORECASE)


class Nameless(Problem):
    """R182: an anonymous complaint keeps no name."""

    status = 422


class TimeInFuture(Problem):
    status = 422


class DueInPast(Problem):
    status = 422


class NotTheOwner(Problem):
    """R198: one person answers for a complaint; others pass it on, or are asked to take it over."""

    status = 409


class NotOffered(Problem):
    status = 409


class ComplainedAbout(Problem):
    """Whom a complaint is about neither handles nor closes it."""

    status = 409


class AlreadyAcknowledged(Problem):
    status = 409


class AlreadyOffered(Problem):
    status = 409


class PassedOnTooOften(Problem):
    """R193: nobody passes the buck."""

    status = 409


class NotHigher(Problem):
    """R60: an escalation goes up: to a higher class, to somebody, or both."""

    status = 422


class AnsweredYourself(Problem):
    """R51: whoever answered does not ask whether the answer was good."""

    status = 409


class StillSilent(Problem):
    status = 409


class LegalHold(Problem):
    """R196: the original data stay as they are while a dispute runs."""

    status = 409


class ComplaintUnknown(Problem):
    """No such reference and secret: the answer does not say which is wrong."""

    status = 404


class TooManyComplaints(Problem):
    status = 429


def list_allowed(state: str) -> list[str]:
    """What may be done in this state."""
    return [action for action, states in _ALLOWED.items() if state in states]


def check(action: str, state: str) -> None:
    """Raises `IllegalTransition`."""
    if state not in _ALLOWED[action]:
        raise IllegalTransition(action, state, list_allowed(state))


def format_number(number: int) -> str:
    return f"CMP-{number:06d}"


def read_number(written: str) -> int | None:
    """The number behind a reference such as CMP-000001; None for what is none."""
    match = _NUMBER.fullmatch(written)
    return int(match[1]) if match else None


def write_secret(characters: str) -> str:
    """A secret as it is given out, in groups of four: `K7QM-4XZP-9T3W-HJ2V`."""
    return "-".join(characters[i : i + 4] for i in range(0, len(characters), 4))


def hash_secret(written: str) -> bytes | None:
    """What is kept of a complainant's secret: its SHA-256; None for what cannot be one. Case, spaces and hyphens do
    not count, and O is read as 0, I and L as 1."""
    read = written[:100].upper().translate(_AS_HEARD)
    return hashlib.sha256(read.encode()).digest() if _SECRET.fullmatch(read) else None


def shorten(words: str, most: int) -> str:
    """The first line, cut after a word where it is longer than `most` characters."""
    line = words.strip().splitlines()[0].strip()
    if len(line) <= most:
        return line
    cut = line[: most - 1]
    return f"{cut.rsplit(' ', 1)[0] if ' ' in cut else cut}…"


def compute_deadlines(limits: Mapping[str, str], start: datetime, calendar: Calendar) -> dict[str, datetime]:
    """R199, R51: those of one class. Simple is answered at once, general on the same day; major is acknowledged on the
    same day and has a plan within three working days, as the settings say."""
    return {kind: find_end(calendar, start, limit) for kind, limit in limits.items() if kind != "follow_up"}


def is_higher(new: str, old: str) -> bool:
    return CLASSES.index(new) > CLASSES.index(old)


def check_escalation(new: str | None, to: str | None, old: str) -> None:
    """Raises `NotHigher`."""
    if new is not None and not is_higher(new, old):
        higher = CLASSES[CLASSES.index(old) + 1 :]
        choices = " or ".join(higher) if higher else "nobody but a person"
        raise NotHigher(f"it is {old} already; escalate it to {choices}")
    if new is None and to is None:
        raise NotHigher("say to which class (complaint_class), to whom (to), or both")


def find_next_class(old: str) -> ComplaintClass | None:
    """The class above; None where there is none."""
    return next(iter(CLASSES[CLASSES.index(old) + 1 :]), None)


def find_first_told(levels: Sequence[tuple[float, Role]]) -> Role:
    """The role that hears of what did not go as it should."""
    return levels[0][1] if levels else Role.OPERATIONS_MANAGER


def check_not_back(to: str, owners: Collection[str]) -> None:
    """Raises `NotHigher`."""
    if to in owners:
        raise NotHigher(f"to: '{to}' owned it before; an escalation goes up, so name somebody above, or pass it on")


def check_owner(subject: str, is_manager: bool, owner: str | None, action: str) -> None:
    """R198: the owner acts, or a manager in their place.

    Raises:
        NotTheOwner
    """
    if owner is None and not is_manager:
        raise NotTheOwner(f"cannot {action}: nobody owns this complaint yet; take it over first")
    if subject != owner and not is_manager:
        raise NotTheOwner(f"cannot {action}: '{owner}' owns this complaint until somebody else accepts it")


def is_about(subject: str | None, complained_about: str | None) -> bool:
    """Whether this is whom the complaint is about, however the name is written."""
    return None not in (subject, complained_about) and str(subject).casefold() == str(complained_about).casefold()


def check_not_about(subject: str, complained_about: str | None, action: str) -> None:
    """Raises `ComplainedAbout`."""
    if is_about(subject, complained_about):
        raise ComplainedAbout(
            f"cannot {action}: the complaint is about '{complained_about}'; somebody else does, and "
            f"'{complained_about}' may add a note"
        )


def check_not_offered(offered_to: str | None) -> None:
    """Raises `AlreadyOffered`."""
    if offered_to is not None:
        raise AlreadyOffered(f"it is offered to '{offered_to}' now; wait for an answer, or until it comes back")


def check_receiver(to: str, by: str, owner: str | None, complained_about: str | None) -> None:
    """R193, R198: to whom a complaint may be offered: to somebody else.

    Raises:
        NotOffered, ComplainedAbout
    """
    if to == owner:
        raise NotOffered(f"'{to}' owns it already; name somebody else")
    if to == by:
        raise NotOffered("nobody passes a complaint to themselves; take it over, or name somebody else")
    if is_about(to, complained_about):
        raise ComplainedAbout(f"to: the complaint is about '{complained_about}'; name somebody else")


def check_pass_ons(pass_ons: int, most: int, is_manager: bool) -> None:
    """R193: after so many only a manager passes it on. Raises `PassedOnTooOften`."""
    if pass_ons >= most and not is_manager:
        raise PassedOnTooOften(
            f"it was passed on {pass_ons} times; answer it, escalate it, or have a manager pass it on"
        )


def check_taking_over(subject: str, is_manager: bool, owner: str | None, offered_to: str | None) -> None:
    """Whoever it is offered to takes over; what nobody owns, anybody of the staff; a manager always.

    Raises:
        NotOffered
    """
    if subject == owner:
        raise NotOffered("you own it already")
    if is_manager or subject == offered_to or (owner is None and offered_to is None):
        return
    whom = f"it is offered to '{offered_to}'" if offered_to else f"'{owner}' owns it"
    raise NotOffered(f"it is not offered to you: {whom}")


@dataclass(frozen=True, slots=True)
class Standing:
    """What closing looks at."""

    complaint_class: str
    anonymous: bool
    supervised: bool
    progress_reported: bool
    acknowledged: bool
    planned: bool
    analysed: bool
    followed_up: bool
    disputed: bool


def list_missing_to_close(standing: Standing) -> list[str]:
    """R51, R194, R196. An anonymous complainant cannot be called."""
    missing = []
    if standing.complaint_class == "major":
        named = (("acknowledgement", standing.acknowledged), ("plan", standing.planned))
        missing += [name for name, done in (*named, ("cause analysis", standing.analysed)) if not done]
        if not standing.followed_up and not standing.anonymous:
            missing.append("follow-up call")
    if standing.supervised and not standing.progress_reported:
        missing.append("report to the supervisor")
    if standing.disputed:
        missing.append("settlement of the dispute")
    return missing


def tell_deadline(kind: str, due_at: datetime, now: datetime) -> str:
    """Why a deadline is escalated."""
    verb = "was due" if due_at <= now else "is due"
    return f"{kind.replace('_', ' ')}: {verb} at {due_at:%Y-%m-%d %H:%M} UTC and is not done"


def check_silence(silent_until: datetime | None, now: datetime) -> None:
    """An answer that the customer leaves without a word may be closed after a while.

    Raises:
        StillSilent
    """
    if silent_until is None or now < silent_until:
        until = f" until {silent_until:%Y-%m-%d %H:%M} UTC" if silent_until else ""
        raise StillSilent(f"the customer has not said whether the answer is accepted; ask, or wait{until}")


def check_past(moment: datetime, now: datetime) -> None:
    """Raises `TimeInFuture`."""
    if moment > now:
        raise TimeInFuture(f"{moment.isoformat()} lies in the future; it is {now.isoformat(timespec='seconds')}")


def check_future(moment: datetime, now: datetime) -> None:
    """Raises `DueInPast`."""
    if moment <= now:
        raise DueInPast(f"{moment.isoformat()} is not later than now; name a time still to come")
