"""Faults that move bytes in time and change none."""
