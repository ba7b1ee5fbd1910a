"""All contracts by wire name: what the golden files, the documentation and the subscribers' filters go by."""

from shared.events import improvement, metrics, notifier, satisfaction
from shared.events.envelope import Fact

CONTRACTS: dict[str, type[Fact]] = {
    contract.TYPE: contract
    for contract in (
        metrics.IncidentOpened,
        metrics.IncidentResponded,
        metrics.IncidentResolved,
        metrics.IncidentReopened,
        metrics.IncidentClosed,
        metrics.MeasureDefined,
        metrics.TargetSet,
        metrics.BaselineSet,
        metrics.ObservationRecorded,
        metrics.GapDetected,
        metrics.GapRecurred,
        metrics.GapDismissed,
        metrics.GapClosed,
        metrics.EffectAssessed,
        improvement.ImprovementOpened,
        improvement.ImprovementSubmitted,
        improvement.ImprovementApproved,
        improvement.ImprovementRejected,
        improvement.ImprovementRevised,
        improvement.ImprovementHeld,
        improvement.ImprovementResumed,
        improvement.ImprovementWithdrawn,
        improvement.ImprovementVerified,
        improvement.ImprovementClosed,
        improvement.ChangeRaised,
        improvement.ChangeAccepted,
        improvement.ChangeImplemented,
        improvement.ChangeFailed,
        improvement.EffectRequested,
        improvement.BaselineResetRequested,
        satisfaction.CallbackScheduled,
        satisfaction.CallbackAttempted,
        satisfaction.CallbackCompleted,
        satisfaction.CallbackUnreachable,
        satisfaction.CallbackOverdue,
        satisfaction.CallbackCancelled,
        satisfaction.ResolutionDisputed,
        satisfaction.DissatisfactionRecorded,
        notifier.EndpointFailing,
        notifier.EndpointDisabled,
        notifier.EndpointRecovered,
        notifier.DeliveryExhausted,
    )
}
