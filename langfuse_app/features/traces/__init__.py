"""Traces: lists, one trace, its tree, its flags."""
