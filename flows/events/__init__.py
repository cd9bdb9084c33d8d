"""Drains the inbox: what providers reported becomes what the ledger knows, and what follows from it is done."""
