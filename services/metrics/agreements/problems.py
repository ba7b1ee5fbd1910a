"""What can be wrong with an agreement, and with what people want to do with it."""

from shared.problems import NotFound, Problem


class AgreementNotFound(NotFound):
    pass


class UnsoundAgreement(Problem):
    """Its dates, calendar or names cannot be."""

    status = 422


class UnsoundClause(Problem):
    """A promise that nothing can be held against."""

    status = 422


class UnsoundPenalty(Problem):
    """Penalty tiers that overlap, leave a hole, punish a kept promise, or cost less where it is worse (R169)."""

    status = 422


class StaleConfirmation(Problem):
    """The content changed since the party read it."""

    status = 409


class SamePerson(Problem):
    """Nobody confirms for both parties."""

    status = 409


class EvidenceNeeded(Problem):
    """Staff record what a customer signed only with the document that shows it."""

    status = 422


class NotYetSubject(Problem):
    """This cannot be confirmed in this state."""

    status = 409


class OverlappingAgreement(Problem):
    """The same customer has another agreement on the same service at the same time."""

    status = 409


class SuccessorExists(Problem):
    """One agreement has one successor in the making."""

    status = 409


class ReasonNeeded(Problem):
    """Back-dating needs a reason."""

    status = 422
