"""Watches a sheet: rows that say so and were the same on two looks go out, and edits of sent rows are reported."""
