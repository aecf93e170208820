"""Checks of connections: how they begin, how they end, and why."""
