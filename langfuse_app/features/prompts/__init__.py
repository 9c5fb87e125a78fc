"""Prompts: versions, labels, folders and composition."""
