"""Reminds those whose turn it is."""
