"""Plays tapes to any client. Its only transport file is `wire.py`, its only clock `hub.py`."""
