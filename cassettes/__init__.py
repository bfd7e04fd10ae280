"""What a tape is: bytes, timelines, formats, matching. No sockets, no commands, no clock."""
