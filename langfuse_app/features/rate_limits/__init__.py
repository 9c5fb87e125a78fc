"""Rate limits per organisation and per key; off unless settings name a plan or limits."""
