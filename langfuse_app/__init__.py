"""langfuse_app: LLM engineering platform. Floors and rooms are described in ARCHITECTURE.md."""

__version__ = "0.1.0"
