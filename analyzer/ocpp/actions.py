"""Which side sends which action, and what an action tells of the version (OCPP 1.6 4 and 5; 2.0.1 part 2; 2.1 part 2)."""

from __future__ import annotations

BY_STATION = frozenset(
    """
    Authorize BootNotification DiagnosticsStatusNotification FirmwareStatusNotification Heartbeat LogStatusNotification
    MeterValues SecurityEventNotification SignCertificate SignedFirmwareStatusNotification StartTransaction
    StatusNotification StopTransaction
    BatterySwap ClearedChargingLimit Get15118EVCertificate GetCertificateChainStatus GetCertificateStatus
    NotifyChargingLimit NotifyCustomerInformation NotifyDERAlarm NotifyDERStartStop NotifyDisplayMessages
    NotifyEVChargingNeeds NotifyEVChargingSchedule NotifyEvent NotifyMonitoringReport NotifyPeriodicEventStream
    NotifyPriorityCharging NotifyReport NotifySettlement NotifyWebPaymentStarted OpenPeriodicEventStream
    ClosePeriodicEventStream PublishFirmwareStatusNotification PullDynamicScheduleUpdate ReportChargingProfiles
    ReportDERControl ReservationStatusUpdate TransactionEvent VatNumberValidation
    """.split()  # noqa: SIM905 - a list of names reads best as words
)
"""Actions that only a charger requests."""

BY_EITHER = frozenset({"DataTransfer"})
"""Actions that either side requests (OCPP 1.6 4.3 and 5.6; 2.0.1 P01 and P02)."""

ONLY_IN_16 = frozenset(
    """
    StartTransaction StopTransaction ChangeConfiguration GetConfiguration RemoteStartTransaction RemoteStopTransaction
    DiagnosticsStatusNotification GetDiagnostics ExtendedTriggerMessage SignedUpdateFirmware
    SignedFirmwareStatusNotification
    """.split()  # noqa: SIM905 - likewise
)
"""Actions that version 1.6 has and later versions do not."""

ONLY_IN_21 = frozenset(
    """
    AFRRSignal AdjustPeriodicEventStream BatterySwap ChangeTransactionTariff ClearDERControl ClearTariffs
    ClosePeriodicEventStream GetCertificateChainStatus GetDERControl GetPeriodicEventStream GetTariffs
    NotifyAllowedEnergyTransfer NotifyDERAlarm NotifyDERStartStop NotifyPeriodicEventStream NotifyPriorityCharging
    NotifySettlement NotifyWebPaymentStarted OpenPeriodicEventStream PullDynamicScheduleUpdate ReportDERControl
    RequestBatterySwap SetDERControl SetDefaultTariff UpdateDynamicSchedule UsePriorityCharging VatNumberValidation
    """.split()  # noqa: SIM905 - likewise
)
"""Actions that version 2.1 added."""

ONLY_SINCE_201 = frozenset(
    """
    TransactionEvent GetVariables SetVariables NotifyReport NotifyEvent GetBaseReport GetReport RequestStartTransaction
    RequestStopTransaction NotifyEVChargingNeeds NotifyEVChargingSchedule GetTransactionStatus SetNetworkProfile
    NotifyMonitoringReport SetMonitoringBase SetMonitoringLevel SetVariableMonitoring ClearVariableMonitoring
    """.split()  # noqa: SIM905 - likewise
)
"""Actions that 2.0.1 and 2.1 have and 1.6 does not."""


def direction(action: str) -> str | None:
    """`up` for an action that chargers request, `down` for one that the CSMS requests, None where either may.

    >>> direction("Heartbeat"), direction("Reset"), direction("DataTransfer")
    ('up', 'down', None)
    """
    if action in BY_EITHER:
        return None
    return "up" if action in BY_STATION else "down"


def version(action: str, payload: str) -> str | None:
    """The version that a request tells by its action or its shape, None where it tells nothing.

    >>> version("StartTransaction", "{}"), version("Heartbeat", "{}")
    ('1.6', None)
    """
    if action in ONLY_IN_16:
        return "1.6"
    if action in ONLY_IN_21:
        return "2.1"
    if action in ONLY_SINCE_201:
        return "2.0.1"
    if action == "BootNotification":
        return "1.6" if '"chargePointVendor"' in payload else "2.0.1" if '"chargingStation"' in payload else None
    return None
