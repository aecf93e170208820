"""Checks of heartbeats and of the silence between them."""
