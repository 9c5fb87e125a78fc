"""Experiments: runs over datasets, from older SDKs' run items and from newer ones' spans, as one picture."""
