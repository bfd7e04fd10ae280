"""Cases: what is known to break clients, a row each, by topic. One table for `case:ID` and for the conformance suite."""
