"""Reads TLS: its records, what it says in clear, and with the secrets of its sessions all the rest (RFC 5246, RFC 8446)."""
