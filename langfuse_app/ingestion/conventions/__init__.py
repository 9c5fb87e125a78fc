"""One module per convention that OpenTelemetry spans may follow, and the engine that walks their tables."""
