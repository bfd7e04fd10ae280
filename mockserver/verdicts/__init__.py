"""What a client did with what it was served, judged from the journal: a table of verdicts, each with its evidence."""
