"""LLM connections: the keys by which evaluators and the playground call models."""
