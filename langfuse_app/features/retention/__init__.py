"""Deleting what is older than a project wants to keep."""
