"""Bytes: from the records of a capture to the messages of its connections. Knows nothing of tables."""
