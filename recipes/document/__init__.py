"""Documents as PDFs in which it is known who fills in what, and where; one recipe serves every provider that way."""
