"""A month of traces, written straight into the stores: INSERT … SELECT from numbers, so that a million spans take a minute or two.

Every trace has SPANS spans in the shape of an agent's run. Payloads are slices of bench/text.py, put together per row; rare words
and Chinese ones are sprinkled in. What can be asked for is known by arithmetic: see the names below.
"""

import time
from dataclasses import dataclass

from bench.text import pool
from langfuse_app.stores import clickhouse
from langfuse_app.stores.postgres import session

PROJECT = "bench-project"
SPANS = 58
DAYS = 30
HEAVY_USER, USER, TAG, NAME, TENANT = "user-heavy", "user-77", "tag-3", "name-5", "tenant-7"
RARE, RARE_EVERY = "zyxquark", 5_003  # spans
CHINESE, CHINESE_EVERY = "退款政策", 7_001
COMMON = "the order"  # in every tenth span
_PIECE = 400
_PIECES = 8_192
_BLOCK = 25_000


@dataclass(frozen=True, slots=True)
class Filled:
    """What was written. end_us: the end of the month."""

    spans: int
    traces: int
    end_us: int


def trace_id(number: int) -> str:
    """SQL and Python agree: md5 of the number."""
    from hashlib import md5

    return md5(str(number).encode(), usedforsecurity=False).hexdigest()


def fill(spans: int) -> Filled:
    """Write so many spans with their traces, scores, locators and sessions."""
    traces = spans // SPANS
    end = int(time.time()) * 1_000_000
    _pieces()
    for begin in range(0, traces * SPANS, _BLOCK):
        _observations(begin, min(_BLOCK, traces * SPANS - begin), traces, end)
    for statement in (_TRACES, _SCORES):
        clickhouse.command(statement.format(columns="", traces=traces, end=end, **_WORDS))
    _relational(traces, end)
    clickhouse.command("DROP TABLE bench_pieces")
    return Filled(traces * SPANS, traces, end)


def _pieces() -> None:
    text = pool()
    step = len(text) // _PIECES
    pieces = [text[number * step : number * step + _PIECE] for number in range(_PIECES)]
    clickhouse.command("CREATE OR REPLACE TABLE bench_pieces (pieces Array(String)) ENGINE = Memory")
    clickhouse.insert("bench_pieces", ["pieces"], [[pieces]], ["Array(String)"])


_WORDS = {
    "project": PROJECT, "rare": RARE, "rare_every": RARE_EVERY, "chinese": CHINESE, "chinese_every": CHINESE_EVERY, "common": COMMON,
    "heavy": HEAVY_USER, "spans": SPANS, "days_us": DAYS * 86_400_000_000,
}  # fmt: skip

# the trace of a row, where its spans begin, and what its user is; n is the number of the span
_OF_TRACE = """
    intDiv(n, {spans}) AS trace, n % {spans} AS place, lower(hex(MD5(toString(trace)))) AS trace_id,
    {end} - {days_us} + toInt64(intDiv({days_us}, {traces}) * trace) AS trace_us,
    if(trace % 5 = 0, '{heavy}', concat('user-', toString(trace % 1999))) AS user_id,
    if(trace % 3 = 0, '', concat('session-', toString(intDiv(trace, 6)))) AS session_id,
    concat('name-', toString(trace % 16)) AS trace_name, ['tag-all', concat('tag-', toString(trace % 15))] AS tags
"""
_TEXT = """
    (h, k) -> concat(arrayStringConcat(arrayMap(i -> pieces[1 + cityHash64(h, i) % {piece_count}], range(k)), ' '),
        if(n % {rare_every} = 17, ' {rare} ', ''), if(n % {chinese_every} = 23, '关于{chinese}的说明', ''), if(n % 10 = 3, ' {common} ', ''))
"""


def _observations(begin: int, count: int, traces: int, end: int) -> None:
    """One block of spans, in order of time."""
    of_trace = _OF_TRACE.format(end=end, traces=traces, **_WORDS)
    text = _TEXT.format(piece_count=_PIECES, **_WORDS)
    names = (
        "project_id, trace_id, id, type, parent_observation_id, start_time, end_time, completion_start_time, name, environment, level,"
        " status_message, trace_name, user_id, session_id, tags, provided_model_name, internal_model_id, usage_details, cost_details,"
        " total_cost, cost_source, input, output, metadata, source, ingestion_sdk_name, ingestion_sdk_version, created_at, updated_at, event_ts"
    )
    clickhouse.command(f"""
        INSERT INTO observations ({names})
        WITH (SELECT any(pieces) FROM bench_pieces) AS pieces, {text} AS text, number + {begin} AS n, {of_trace},
            place % 3 = 1 AS generation, trace_us + place * 35000 AS start_us, cityHash64(n) AS noise,
            50000 + noise % 900000 + if(place = 0, 2500000, 0) AS length_us, 200 + noise % 3000 AS given, 20 + noise % 700 AS made
        SELECT '{PROJECT}', trace_id, leftPad(lower(hex(toUInt64(n * 2654435761 + 1))), 16, '0'),
            multiIf(place = 0, 'AGENT', generation, 'GENERATION', place % 3 = 2, 'TOOL', 'SPAN'),
            if(place = 0, '', leftPad(lower(hex(toUInt64((n - place + intDiv(place - 1, 4)) * 2654435761 + 1))), 16, '0')),
            fromUnixTimestamp64Micro(start_us), fromUnixTimestamp64Micro(start_us + length_us),
            if(generation, fromUnixTimestamp64Micro(start_us + 20000), NULL),
            concat(multiIf(place = 0, 'agent-', generation, 'llm-', 'step-'), toString(place % 7)), if(trace % 4 = 0, 'staging', 'production'),
            multiIf(n % 97 = 0, 'ERROR', n % 41 = 0, 'WARNING', 'DEFAULT'), if(n % 97 = 0, 'upstream timed out', ''),
            trace_name, user_id, session_id, tags,
            if(generation, concat('model-', toString(trace % 6)), ''), if(generation, concat('m', toString(trace % 6)), ''),
            if(generation, map('input', given, 'output', made, 'total', given + made), map()),
            if(generation, map('input', toDecimal64(given / 1e6, 12), 'output', toDecimal64(made / 2e5, 12)), map()),
            if(generation, toDecimal64(given / 1e6, 12) + toDecimal64(made / 2e5, 12), NULL), if(generation, 'computed', ''),
            text(noise, if(generation, 6, 1)), text(noise + 1, if(generation, 2, 1)),
            map('tenant', concat('tenant-', toString(trace % 50)), 'step', toString(place)), 'otel', 'python', '5.0.4',
            fromUnixTimestamp64Micro(start_us + 5000000), fromUnixTimestamp64Micro(start_us + 5000000),
            fromUnixTimestamp64Micro(start_us + 5000000)
        FROM numbers({count})
        SETTINGS max_block_size = 4096, max_threads = 2""")


_TRACES = (
    """
    INSERT INTO traces (project_id, id, timestamp, name, environment, user_id, session_id, tags, input, output, metadata, created_at,
        updated_at, event_ts)
    WITH number * {spans} AS n, """
    + _OF_TRACE
    + """
    SELECT '{project}', trace_id, fromUnixTimestamp64Micro(trace_us), trace_name, if(trace % 4 = 0, 'staging', 'production'), user_id,
        session_id, tags, o.input, o.output, map('tenant', concat('tenant-', toString(trace % 50)), 'plan', if(trace % 9 = 0, 'pro', 'free')),
        fromUnixTimestamp64Micro(trace_us + 5000000), fromUnixTimestamp64Micro(trace_us + 5000000), fromUnixTimestamp64Micro(trace_us + 5000000)
    FROM numbers({traces}) AS t
    INNER JOIN (SELECT trace_id AS of_trace, input, output FROM observations WHERE project_id = '{project}' AND type = 'AGENT') AS o
        ON o.of_trace = lower(hex(MD5(toString(t.number))))
"""
)
_SCORES = (
    """
    INSERT INTO scores (project_id, id, timestamp, environment, trace_id, name, value, data_type, created_at, updated_at, event_ts)
    WITH number * {spans} * 3 AS n, """
    + _OF_TRACE
    + """
    SELECT '{project}', concat('score-', toString(trace)), fromUnixTimestamp64Micro(trace_us), 'production', trace_id, 'quality',
        (cityHash64(trace) % 101) / 100, 'NUMERIC', fromUnixTimestamp64Micro(trace_us), fromUnixTimestamp64Micro(trace_us),
        fromUnixTimestamp64Micro(trace_us)
    FROM numbers(intDiv({traces}, 3))
"""
)


def _relational(traces: int, end: int) -> None:
    """Where each trace lies, and the sessions."""
    from sqlalchemy import text

    values = {
        "project": PROJECT,
        "traces": traces,
        "begin": end - DAYS * 86_400_000_000,
        "step": DAYS * 86_400_000_000 // traces,
        "spans": SPANS,
    }
    moment = "timestamptz 'epoch' + (CAST(:begin AS bigint) + CAST(:step AS bigint) * n) * interval '1 microsecond'"
    with session() as current:
        connection = current.connection()
        connection.execute(text(
            "INSERT INTO trace_locators (project_id, id, first_start, last_start, timestamp)"
            f" SELECT :project, md5(CAST(n AS text)), {moment}, {moment} + (:spans - 1) * interval '35 milliseconds', {moment}"
            " FROM generate_series(0, :traces - 1) AS n"
        ), values)  # fmt: skip
        connection.execute(text(
            "INSERT INTO trace_sessions (project_id, id, created_at, updated_at, bookmarked, public, environment)"
            f" SELECT :project, 'session-' || n / 6, min({moment}), now(), false, false, 'production'"
            " FROM generate_series(0, :traces - 1) AS n WHERE n % 3 != 0 GROUP BY n / 6"
        ), values)  # fmt: skip
