"""Ingestion: acceptance of SDK events and OTLP spans, the ledger, dead letters, "where is my trace?"."""
