"""Checks of the charger's clock and of the time zone of its timestamps."""
