"""Workbooks: Excel's, and LibreOffice's for reading."""
