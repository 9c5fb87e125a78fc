"""People: sign-in, sessions, and the scopes they get."""
