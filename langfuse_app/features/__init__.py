"""The vertical slices; each has the fixed file names of ARCHITECTURE.md."""
