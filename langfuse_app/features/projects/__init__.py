"""Projects, their members, and the first start of an installation."""
