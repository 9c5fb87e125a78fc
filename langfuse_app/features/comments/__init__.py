"""Comments on traces, observations, sessions and prompts."""
