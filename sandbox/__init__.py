"""Stands in for the providers and their signers, for trying out, rehearsing and testing."""
