"""Checks of boots and of registration."""
