"""Makes tapes of live streams. Its only socket file is `upstream.py`."""
