"""Connections to the four stores and nothing else. SQL lives in the repositories above."""
