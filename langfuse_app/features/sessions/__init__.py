"""Sessions: traces that belong to one conversation."""
