"""W3C trace context: which trace of the caller a request belongs to (https://www.w3.org/TR/trace-context/)."""

import re
import secrets
from contextvars import ContextVar
from dataclasses import dataclass

_HEADER = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")


@dataclass(frozen=True, slots=True)
class TraceContext:
    """One request as a span: its own id, the trace it belongs to, and the caller's span ('' when it began here)."""

    trace_id: str
    span_id: str
    parent_id: str
    flags: str

    def header(self) -> str:
        """The traceparent of whatever this request calls, and of its answer."""
        return f"00-{self.trace_id}-{self.span_id}-{self.flags}"


def continued(traceparent: str) -> TraceContext:
    """The next span of the caller's trace; of a new trace where the header is absent or malformed."""
    match = _HEADER.fullmatch(traceparent.strip())
    span_id = secrets.token_hex(8)
    if match is None:
        return TraceContext(secrets.token_hex(16), span_id, "", "01")
    return TraceContext(match[1], span_id, match[2], match[3])


current: ContextVar[TraceContext | None] = ContextVar("trace_context", default=None)
"""The context of the request that is being answered."""
