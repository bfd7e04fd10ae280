"""Faults that change what the events say, or how many there are."""
