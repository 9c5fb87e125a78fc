"""Where is my trace? What became of every accepted event, and the entries that failed for good."""
