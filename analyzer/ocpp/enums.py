"""The values that the standards define (OCPP 1.6 section 7; 2.0.1 and 2.1 part 2, section 3), per version where they differ."""

from __future__ import annotations

VERSIONS = ("1.6", "2.0.1", "2.1")

_MEASURANDS_OF_ALL = frozenset(
    """
    Current.Export Current.Import Current.Offered
    Energy.Active.Export.Interval Energy.Active.Export.Register Energy.Active.Import.Interval
    Energy.Active.Import.Register Energy.Reactive.Export.Interval Energy.Reactive.Export.Register
    Energy.Reactive.Import.Interval Energy.Reactive.Import.Register
    Frequency Power.Active.Export Power.Active.Import Power.Factor Power.Offered Power.Reactive.Export
    Power.Reactive.Import SoC Voltage
    """.split()  # noqa: SIM905 - a list of names reads best as words
)
_MEASURANDS_201 = _MEASURANDS_OF_ALL | frozenset(
    """
    Energy.Active.Net Energy.Apparent.Export Energy.Apparent.Import Energy.Apparent.Net Energy.Reactive.Net
    """.split()  # noqa: SIM905 - likewise
)
_MEASURANDS_21 = _MEASURANDS_201 | frozenset(
    """
    Current.Export.Minimum Current.Export.Offered Current.Import.Minimum Current.Import.Offered
    Display.BatteryEnergyCapacity Display.ChargingComplete Display.InletHot Display.MaximumSOC Display.MinimumSOC
    Display.PresentSOC Display.RemainingTimeToMaximumSOC Display.RemainingTimeToMinimumSOC
    Display.RemainingTimeToTargetSOC Display.TargetSOC
    Energy.Active.Import.CableLoss Energy.Active.Import.LocalGeneration.Register Energy.Active.Setpoint.Interval
    EnergyRequest.Bulk EnergyRequest.Maximum EnergyRequest.Maximum.V2X EnergyRequest.Minimum EnergyRequest.Minimum.V2X
    EnergyRequest.Target
    Power.Active.Residual Power.Active.Setpoint Power.Export.Minimum Power.Export.Offered Power.Import.Minimum
    Power.Import.Offered Voltage.Maximum Voltage.Minimum
    """.split()  # noqa: SIM905 - likewise
)
MEASURANDS = {
    "1.6": _MEASURANDS_OF_ALL | {"RPM", "Temperature"},
    "2.0.1": _MEASURANDS_201,
    "2.1": _MEASURANDS_21,
}

CONTEXTS = frozenset(
    {
        "Interruption.Begin",
        "Interruption.End",
        "Other",
        "Sample.Clock",
        "Sample.Periodic",
        "Transaction.Begin",
        "Transaction.End",
        "Trigger",
    }
)
PHASES = frozenset({"L1", "L2", "L3", "N", "L1-N", "L2-N", "L3-N", "L1-L2", "L2-L3", "L3-L1"})

_LOCATIONS_OF_ALL = frozenset({"Body", "Cable", "EV", "Inlet", "Outlet"})
LOCATIONS = {"1.6": _LOCATIONS_OF_ALL, "2.0.1": _LOCATIONS_OF_ALL, "2.1": _LOCATIONS_OF_ALL | {"Upstream"}}

UNITS_16 = frozenset(
    """
    Wh kWh varh kvarh W kW VA kVA var kvar A V K Celcius Celsius Fahrenheit Percent Hertz
    """.split()  # noqa: SIM905 - likewise
)
"""The units of 1.6; later versions take any text. The misspelt Celcius is valid too (OCPP-J 1.6 errata 2.1)."""

_STOP_REASONS_OF_ALL = frozenset(
    {"DeAuthorized", "EmergencyStop", "EVDisconnected", "Local", "Other", "PowerLoss", "Reboot", "Remote"}
)
_STOP_REASONS_201 = _STOP_REASONS_OF_ALL | {
    "EnergyLimitReached",
    "GroundFault",
    "ImmediateReset",
    "LocalOutOfCredit",
    "MasterPass",
    "OvercurrentFault",
    "PowerQuality",
    "SOCLimitReached",
    "StoppedByEV",
    "TimeLimitReached",
    "Timeout",
}
STOP_REASONS = {
    "1.6": _STOP_REASONS_OF_ALL | {"HardReset", "SoftReset", "UnlockCommand"},
    "2.0.1": _STOP_REASONS_201,
    "2.1": _STOP_REASONS_201 | {"ReqEnergyTransferRejected"},
}
DEFAULT_STOP_REASON = "Local"
"""What a stop without a reason means (OCPP-J 1.6 errata 2.6)."""

BOOT_REASONS = frozenset(
    {
        "ApplicationReset",
        "FirmwareUpdate",
        "LocalReset",
        "PowerUp",
        "RemoteReset",
        "ScheduledReset",
        "Triggered",
        "Unknown",
        "Watchdog",
    }
)
"""Reasons of a BootNotification since 2.0.1; 1.6 gives none."""

_CONNECTOR_STATUSES_201 = frozenset({"Available", "Occupied", "Reserved", "Unavailable", "Faulted"})
CONNECTOR_STATUSES = {
    "1.6": frozenset(
        {
            "Available",
            "Preparing",
            "Charging",
            "SuspendedEVSE",
            "SuspendedEV",
            "Finishing",
            "Reserved",
            "Unavailable",
            "Faulted",
        }
    ),
    "2.0.1": _CONNECTOR_STATUSES_201,
    "2.1": _CONNECTOR_STATUSES_201,
}

_SET_VARIABLE_STATUSES = frozenset(
    {
        "Accepted",
        "Rejected",
        "RebootRequired",
        "UnknownComponent",
        "UnknownVariable",
        "NotSupportedAttributeType",
    }
)
CONFIGURATION_STATUSES = {
    "1.6": frozenset({"Accepted", "Rejected", "RebootRequired", "NotSupported"}),
    "2.0.1": _SET_VARIABLE_STATUSES,
    "2.1": _SET_VARIABLE_STATUSES,
}
"""Answers to ChangeConfiguration (1.6) and SetVariables (since 2.0.1)."""
