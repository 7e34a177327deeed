"""Bytes to arrays and back, vectorised; nothing here knows a message by name."""
