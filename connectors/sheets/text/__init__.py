"""Sheets kept as text: CSV and TSV."""
