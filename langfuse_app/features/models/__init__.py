"""Models and their prices: the default list, and what projects define themselves."""
