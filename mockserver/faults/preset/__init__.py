"""Faults that stand for others: a case of the table in `mockserver/cases`."""
