"""API keys: made, listed, revoked, and turned into scopes."""
