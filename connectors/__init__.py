"""Talks to what is outside: signature providers and spreadsheets."""
