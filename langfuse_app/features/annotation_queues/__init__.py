"""Annotation queues: what people are asked to score."""
