"""Speed, measured: `python -m bench` for this product, `python -m bench.peers` for others beside it."""
