"""Faults that put a content coding on a body that has none."""
