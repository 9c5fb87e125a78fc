"""Which resource a request belongs to, and what the plans allow of it (spec/api.md §1.5)."""

PLANS = ("hobby", "core", "pro")

_TABLE = """
ingestion                        1000/minute   20000/minute  20000/minute
media-upload                     1000/minute   4000/minute   20000/minute
legacy-ingestion                 100/minute    400/minute    400/minute
public-api                       30/minute     1000/minute   1000/minute
public-api-legacy                15/minute     30/minute     100/minute
datasets                         100/minute    1000/minute   1000/minute
annotation-queues                100/minute    1000/minute   1000/minute
public-api-metrics               100/day       2000/day      2000/day
public-api-v2-metrics            100/day       100/hour      500/hour
public-api-daily-metrics-legacy  10/day        200/day       200/day
trace-delete                     50/day        200/day       1000/day
score-delete                     50/day        200/day       1000/day
in-app-agent-run                 100/day       1000/day      1000/day
feedback                         20/day        20/day        20/day
prompts                          -             -             -
"""

_ROWS = {name: limits for name, *limits in (line.split() for line in _TABLE.strip().splitlines())}
RESOURCES = frozenset(_ROWS)

# The first row that fits decides: methods (empty: all), beginning of the path behind /api/public, resource ("": no limit).
_ROUTES: tuple[tuple[tuple[str, ...], str, str], ...] = (
    (("GET", "HEAD"), "/projects", ""),  # SDKs check their credentials with it
    ((), "/mcp", ""),  # each tool is counted as the route that it is
    ((), "/ingestion", "ingestion"),
    ((), "/otel/", "ingestion"),
    ((), "/media", "media-upload"),
    (("DELETE",), "/traces", "trace-delete"),
    (("DELETE",), "/scores", "score-delete"),
    (("POST", "PATCH"), "/traces", "legacy-ingestion"),
    (("POST", "PATCH"), "/generations", "legacy-ingestion"),
    (("GET", "HEAD"), "/traces", "public-api-legacy"),
    (("GET", "HEAD"), "/observations", "public-api-legacy"),
    (("GET", "HEAD"), "/sessions", "public-api-legacy"),
    ((), "/metrics/daily", "public-api-daily-metrics-legacy"),
    ((), "/metrics", "public-api-metrics"),
    ((), "/v2/metrics", "public-api-v2-metrics"),
    ((), "/datasets", "datasets"),
    ((), "/v2/datasets", "datasets"),
    ((), "/dataset-", "datasets"),
    ((), "/annotation-queues", "annotation-queues"),
    ((), "/feedback", "feedback"),
    ((), "/prompts", "prompts"),
    ((), "/v2/prompts", "prompts"),
)

_ADVICE = {
    "/traces": "GET /api/public/v2/observations",
    "/observations": "GET /api/public/v2/observations",
    "/sessions": "GET /api/public/v2/observations",
    "/metrics": "GET /api/public/v2/metrics",
}


def resource(method: str, path: str) -> str:
    """The resource that the request uses up; '' for requests that no limit concerns."""
    if path == "/v1/traces":
        return "ingestion"
    tail = path.removeprefix("/api/public")
    found = (name for methods, start, name in _ROUTES if tail.startswith(start) and (not methods or method in methods))
    return next(found, "public-api")


def allowed(plan: str) -> dict[str, str]:
    """Resource → limit of a plan, such as `1000/minute`; resources without a limit are left out."""
    column = PLANS.index(plan)
    return {name: limits[column] for name, limits in _ROWS.items() if limits[column] != "-"}


def parse(text: str) -> dict[str, str]:
    """`ingestion=5000/minute, prompts=100/minute` as a dict; ValueError names what is wrong."""
    pairs = [part.partition("=") for part in text.replace(" ", "").split(",") if part]
    unknown = sorted(name for name, _, _ in pairs if name not in RESOURCES)
    if unknown:
        raise ValueError(f"unknown resource {', '.join(unknown)}: choose from {', '.join(sorted(RESOURCES))}")
    return {name: limit for name, _, limit in pairs}


def message(method: str, path: str) -> str:
    """What the 429 says; old reads are pointed to their successor, which has a limit of its own."""
    tail = path.removeprefix("/api/public")
    better = next((name for start, name in _ADVICE.items() if tail.startswith(start) and method in ("GET", "HEAD")), None)
    return f"Rate limit exceeded. {better} answers more with a higher limit" if better else "Rate limit exceeded"
