"""Faults that end a response: a place, then what becomes of the connection."""
