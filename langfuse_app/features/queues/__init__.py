"""What waits: queues, ingestion streams, dead letters; for /metrics and /health/queues."""
