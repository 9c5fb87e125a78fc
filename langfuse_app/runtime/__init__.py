"""Starting things: supervisor, embedded engines, UI bundle. Nobody below knows whether an engine is embedded."""
