"""Answers that nobody recorded: what is said, cut and timed as a provider would, as an interaction of `source:
synthetic`. Pure. Imports `cassettes` alone."""
