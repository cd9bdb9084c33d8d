"""Steers a batch that is on its way: takes it back, reminds everybody, sends anew what failed."""
