"""Whether this instance can serve."""
