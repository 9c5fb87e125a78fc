"""Pure functions from request bytes to rows: bytes, envelope, changes, rows. No I/O in this room."""
