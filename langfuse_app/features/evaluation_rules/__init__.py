"""Evaluation rules: which observations are evaluated, how many of them, and by which evaluators."""
