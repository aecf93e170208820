"""Checks of OCPP-J itself: its JSON, its schemas, its calls and their ids."""
