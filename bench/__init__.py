"""Speed, measured: `python -m bench` (ingestion), `bench.queries` (readers), `bench.peers` (others' ingestion); see docs/benchmarks.md."""
