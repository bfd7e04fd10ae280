"""Faults of the framing: HTTP chunks, heads, lengths, the lines of an event stream."""
