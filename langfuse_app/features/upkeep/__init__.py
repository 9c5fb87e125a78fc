"""Upkeep of the analytics store: what is worth doing while nothing is written."""
