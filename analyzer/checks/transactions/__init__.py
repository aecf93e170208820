"""Checks of transactions: their messages, their order, and that they end."""
