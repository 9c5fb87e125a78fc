"""What readers ask: the same questions of this product and of others, and prompts by label."""
