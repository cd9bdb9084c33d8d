"""Remembers what happened; the only truth."""
