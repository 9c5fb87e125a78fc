"""Observations: spans, generations, events and the rest, in every generation of the wire."""
