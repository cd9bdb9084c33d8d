"""Sends a sheet: plan, claim, call, record; nothing twice."""
