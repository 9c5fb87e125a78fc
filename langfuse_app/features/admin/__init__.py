"""What the operator of an instance may do with ADMIN_API_KEY: keys of projects, queues, replays (spec/api.md §12)."""
