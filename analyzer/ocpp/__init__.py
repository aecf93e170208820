"""What the standard says: actions, units, key names per version, schemas, meter values."""
