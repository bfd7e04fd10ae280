"""Faults: how a tape is broken on its way to the wire. Pure: no socket, no clock; a file each, in folders by family."""
