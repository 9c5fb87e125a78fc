"""Evaluators: what judges, in versions that stay as they are."""
