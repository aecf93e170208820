"""Checks of what strangers can read or change."""
