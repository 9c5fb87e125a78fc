"""Scores and their configurations."""
