"""Ground floor: settings, errors, ids, time, scopes. Nothing here does I/O."""
