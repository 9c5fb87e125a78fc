"""Writing one event per request, as the first generation of clients did."""
