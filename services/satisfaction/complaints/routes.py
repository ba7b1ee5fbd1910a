"""REST of complaints for staff."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Depends, Query, Request, Response
from sqlalchemy import Row

from services.satisfaction.complaints import (
    escalations,
    figures,
    handling,
    ownership,
    reactions,
    repository,
    rules,
    service,
)
from services.satisfaction.complaints.complainants.service import write_url
from services.satisfaction.complaints.disputes import service as disputes
from services.satisfaction.complaints.intake import service as intake
from services.satisfaction.complaints.repository import Filters
from services.satisfaction.complaints.schemas import (
    Acceptance,
    Answer,
    Closing,
    Complaint,
    ComplaintEdit,
    ComplaintView,
    Escalation,
    Figures,
    FollowUpCall,
    NewComplaint,
    NewDispute,
    Note,
    PassOn,
    Position,
    Progress,
    Reason,
    Received,
    Settlement,
    Supervision,
)
from services.satisfaction.complaints.service import CALLERS, Work
from services.satisfaction.complaints.views import describe_whole, summarise
from services.satisfaction.settings import Thresholds
from shared import clock
from shared.auth import STAFF, Principal, Role, Staff, is_staff, require
from shared.events.complaints import ComplaintClass
from shared.fields import Moment
from shared.http import IfMatch, Reading, Writing, check_version, etag, router
from shared.pagination import Cursor, Limit, Page, decode_cursor, encode_cursor, page

routes = router("complaints")

RECEIVERS = (*STAFF, Role.INTEGRATION)
Receiver = Annotated[Principal, Depends(require(*RECEIVERS))]
Caller = Annotated[Principal, Depends(require(*CALLERS))]
Word = Annotated[str | None, Query(min_length=1, max_length=200)]
By = Literal["complaint_class", "channel", "owner", "customer", "service", "department"]
Order = Literal["newest", "due"]
DAYS = 30


@routes.post("/complaints", status_code=201)
async def receive_complaint(
    body: NewComplaint,
    session: Writing,
    caller: Receiver,
    thresholds: Thresholds,
    request: Request,
    response: Response,
) -> Received:
    """Whoever receives it owns it until somebody else accepts it; what a program hands in waits for its first owner.

    `token` is the complainant's secret: it shows the answer, without signing in, on the page `link`. Both are shown
    only now.
    """
    work = Work.of(session, caller, clock.now(), thresholds)
    owner = caller.subject if is_staff(caller) else None
    row, token = await intake.receive(work, body, owner)
    view = await describe_whole(work, row)
    response.headers["Location"] = f"/satisfaction/v1/complaints/{row.id}"
    response.headers["ETag"] = etag(row.version)
    link = write_url(thresholds.public_url or str(request.base_url), token)
    return Received(**view.model_dump(), token=token, link=link)


@routes.get("/complaints")
async def list_complaints(
    session: Reading,
    _caller: Receiver,
    state: rules.State | None = None,
    complaint_class: ComplaintClass | None = None,
    owner: Word = None,
    unowned: Annotated[bool | None, Query(description="Whether nobody owns it yet.")] = None,
    offered_to: Word = None,
    customer: Word = None,
    overdue: Annotated[bool | None, Query(description="Whether a deadline has passed that was not met.")] = None,
    supervised: bool | None = None,
    disputed: Annotated[bool | None, Query(description="Whether a dispute runs.")] = None,
    department: Word = None,
    service_key: Annotated[str | None, Query(alias="service", min_length=1, max_length=200)] = None,
    order: Annotated[Order, Query(description="`due`: what is due next comes first.")] = "newest",
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[Complaint]:
    """The latest received first, or what is due next."""
    now = clock.now()
    filters = Filters(
        now,
        state,
        complaint_class,
        owner,
        unowned,
        offered_to,
        customer,
        overdue,
        supervised,
        disputed,
        department,
        service_key,
    )
    if order == "due":
        due = await repository.list_due(session, filters, read_cursor(cursor), limit + 1)
        return page([summarise(row, now) for row in due], limit, write_due_cursor)
    rows = await repository.list_newest(session, filters, read_cursor(cursor), limit + 1)
    return page([summarise(row, now) for row in rows], limit, write_cursor)


@routes.get("/complaints/figures")
async def get_figures(
    session: Reading,
    _caller: Staff,
    period_from: Annotated[Moment | None, Query(alias="from", description="30 days ago when missing.")] = None,
    period_to: Annotated[Moment | None, Query(alias="to", description="Now when missing.")] = None,
    by: By = "complaint_class",
) -> Figures:
    """Complaints received in the period: how many, on time, passed on, rejected, escalated, disputed."""
    now = clock.now()
    end = period_to or now
    return await figures.measure(session, by, period_from or end - timedelta(days=DAYS), end, now)


@routes.get("/complaints/{complaint_id}")
async def get_complaint(
    complaint_id: UUID, session: Reading, caller: Receiver, thresholds: Thresholds, response: Response
) -> ComplaintView:
    """One complaint with its deadlines, timeline and disputes."""
    row = await service.get(session, complaint_id)
    response.headers["ETag"] = etag(row.version)
    return await describe_whole(Work.of(session, caller, clock.now(), thresholds), row)


@routes.patch("/complaints/{complaint_id}")
async def edit_complaint(
    complaint_id: UUID,
    body: ComplaintEdit,
    session: Writing,
    caller: Staff,
    thresholds: Thresholds,
    response: Response,
    if_match: IfMatch = None,
) -> ComplaintView:
    """Mend what was written down; the timeline keeps what it was. Not while a dispute runs."""
    work = Work.of(session, caller, clock.now(), thresholds)
    row = await service.lock(session, complaint_id)
    check_version(if_match, row.version)
    row = await intake.edit(work, row, body)
    response.headers["ETag"] = etag(row.version)
    return await describe_whole(work, row)


class _Step:
    """What every step needs: the complaint held, who acts, and the ETag of the answer."""

    def __init__(
        self,
        complaint_id: UUID,
        session: Writing,
        caller: Staff,
        thresholds: Thresholds,
        response: Response,
        if_match: IfMatch = None,
    ) -> None:
        self.work = Work.of(session, caller, clock.now(), thresholds)
        self._id = complaint_id
        self._response = response
        self._if_match = if_match

    async def take(self, act: Callable[[Row[Any]], Awaitable[Row[Any]]]) -> ComplaintView:
        """Steps add to a complaint and overwrite nothing, so `If-Match` is welcome and not required."""
        row = await service.lock(self.work.session, self._id)
        if self._if_match is not None:
            check_version(self._if_match, row.version)
        row = await act(row)
        self._response.headers["ETag"] = etag(row.version)
        return await describe_whole(self.work, row)


Step = Annotated[_Step, Depends(_Step)]


@routes.post("/complaints/{complaint_id}/pass-on")
async def pass_on(body: PassOn, step: Step) -> ComplaintView:
    """Offer it to somebody else; its owner stays its owner until they take it over."""
    return await step.take(lambda row: ownership.pass_on(step.work, row, body))


@routes.post("/complaints/{complaint_id}/take-over")
async def take_over(step: Step) -> ComplaintView:
    """Own what is offered to you, or what nobody owns yet."""
    return await step.take(lambda row: ownership.take_over(step.work, row))


@routes.post("/complaints/{complaint_id}/decline")
async def decline(body: Reason, step: Step) -> ComplaintView:
    """It is offered to you and is not yours: it goes back to its owner."""
    return await step.take(lambda row: ownership.decline(step.work, row, body.reason))


@routes.post("/complaints/{complaint_id}/escalate")
async def escalate(body: Escalation, step: Step) -> ComplaintView:
    """To a higher class, to somebody, or both. The new class's deadlines begin now."""
    return await step.take(lambda row: escalations.escalate(step.work, row, body))


@routes.post("/complaints/{complaint_id}/acknowledge")
async def acknowledge(body: Note, step: Step) -> ComplaintView:
    """Tell whoever complained that it is in hand."""
    return await step.take(lambda row: handling.acknowledge(step.work, row, body.note))


@routes.post("/complaints/{complaint_id}/plan")
async def plan(body: Note, step: Step) -> ComplaintView:
    """What will be done about it."""
    return await step.take(lambda row: handling.plan(step.work, row, body.note))


@routes.post("/complaints/{complaint_id}/cause-analysis")
async def analyse_cause(body: Note, step: Step) -> ComplaintView:
    """Why it came to this."""
    return await step.take(lambda row: handling.analyse_cause(step.work, row, body.note))


@routes.post("/complaints/{complaint_id}/answer")
async def answer(body: Answer, step: Step) -> ComplaintView:
    """Answer whoever complained; then it is their turn."""
    return await step.take(lambda row: handling.answer(step.work, row, body.answer))


@routes.post("/complaints/{complaint_id}/accept")
async def accept(body: Acceptance, step: Step) -> ComplaintView:
    """Note down that the customer accepts the answer."""
    return await step.take(lambda row: reactions.accept(step.work, row, body))


@routes.post("/complaints/{complaint_id}/reject")
async def reject(body: Reason, step: Step) -> ComplaintView:
    """Note down that the customer does not accept the answer, and why: it is open again."""
    return await step.take(lambda row: reactions.reject(step.work, row, body.reason))


@routes.post("/complaints/{complaint_id}/follow-up")
async def follow_up(body: FollowUpCall, _caller: Caller, step: Step) -> ComplaintView:
    """The call after the answer, by somebody else than whoever answered."""
    return await step.take(lambda row: reactions.follow_up(step.work, row, body))


@routes.post("/complaints/{complaint_id}/supervise")
async def supervise(body: Supervision, step: Step) -> ComplaintView:
    """It is watched from above: progress is reported until then."""
    return await step.take(lambda row: handling.supervise(step.work, row, body))


@routes.post("/complaints/{complaint_id}/progress")
async def report_progress(body: Progress, step: Step) -> ComplaintView:
    """Report progress, and until when the next report comes."""
    return await step.take(lambda row: handling.report_progress(step.work, row, body))


@routes.post("/complaints/{complaint_id}/notes")
async def add_note(body: Note, step: Step) -> ComplaintView:
    """A line in the timeline."""
    return await step.take(lambda row: handling.note(step.work, row, body.note))


@routes.post("/complaints/{complaint_id}/close")
async def close(body: Closing, step: Step) -> ComplaintView:
    """Nothing is left to do. What is missing is named."""
    return await step.take(lambda row: handling.close(step.work, row, body))


@routes.post("/complaints/{complaint_id}/dispute")
async def open_dispute(body: NewDispute, step: Step) -> ComplaintView:
    """Negotiate: until it is settled the original data stay as they are."""
    return await step.take(lambda row: disputes.open_dispute(step.work, row, body))


@routes.post("/complaints/{complaint_id}/dispute/positions")
async def add_position(body: Position, step: Step) -> ComplaintView:
    """What one side holds."""
    return await step.take(lambda row: disputes.add_position(step.work, row, body))


@routes.post("/complaints/{complaint_id}/dispute/settle")
async def settle_dispute(body: Settlement, step: Step) -> ComplaintView:
    """What was agreed."""
    return await step.take(lambda row: disputes.settle_dispute(step.work, row, body.outcome))


def read_cursor(cursor: str | None) -> tuple[datetime, UUID] | None:
    """Raises `Malformed`."""
    if cursor is None:
        return None
    received_at, id_ = decode_cursor(cursor, datetime, UUID)
    return received_at, id_


def write_cursor(last: Complaint) -> str:
    return encode_cursor(last.received_at.isoformat(), str(last.id))


def write_due_cursor(last: Complaint) -> str:
    """For `order=due`: nothing waits for the last of all, which come by their id."""
    return encode_cursor((last.next_due_at or repository.NEVER).isoformat(), str(last.id))
