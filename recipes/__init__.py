"""Says what to have signed, by whom, in which order, and what follows; one folder a business scenario."""
