"""Cases: what is known to break clients, a row each: what `case:ID` serves and the conformance suite asks for."""
