"""What the standard says: actions, enums, units, key names per version, schemas, meter values."""
