"""Deleting what was ingested, and the proof of it."""
