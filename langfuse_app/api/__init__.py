"""Assembles the slices' routers into one FastAPI app; knows nothing of the UI."""
