"""Aggregates over traces, observations and scores: the query language of dashboards."""
