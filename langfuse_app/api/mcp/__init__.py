"""The Model Context Protocol (spec/api.md §12): every tool is a route of the public API, called in this process with the caller's own key."""
