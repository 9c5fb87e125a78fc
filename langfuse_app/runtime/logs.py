"""Logging of a process: structlog and the standard library into one stream of lines on stderr."""

import logging
import sys

import structlog

from langfuse_app.core.settings import Settings


def configure(settings: Settings) -> None:
    """Set level and form (LANGFUSE_LOG_LEVEL, LANGFUSE_LOG_FORMAT) of everything this process logs."""
    stamps = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last = (
        structlog.processors.JSONRenderer()
        if settings.LANGFUSE_LOG_FORMAT == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=stamps,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, structlog.processors.format_exc_info, last],
        )
    )
    logging.basicConfig(level=settings.LANGFUSE_LOG_LEVEL.upper(), handlers=[handler], force=True)
    structlog.configure(
        processors=[*stamps, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
