"""Picks up what was left lying: unread or lost deliveries, crashed claims, unclear attempts, passed deadlines."""
