"""Fetches the signed document as soon as it exists and keeps it with its evidence."""
