"""Bytes: packet captures become OCPP messages. Knows nothing of the floors above."""
