"""Faults that answer instead of the tape, or before it."""
