"""Talks to e-signature providers, one file each, behind one contract."""
