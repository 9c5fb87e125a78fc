"""Score configurations: what a kind of score may hold."""
