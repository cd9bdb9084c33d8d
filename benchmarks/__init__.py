"""What things cost, measured against the bare loop and in one run."""
