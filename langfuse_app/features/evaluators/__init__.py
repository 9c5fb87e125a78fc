"""Evaluators and the rules that say what they evaluate."""
