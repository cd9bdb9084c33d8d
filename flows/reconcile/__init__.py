"""Picks up what was left lying: unread deliveries, crashed claims, unclear attempts, passed deadlines."""
