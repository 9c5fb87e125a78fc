"""Embedded ClickHouse: the real server inside libchdb, over HTTP on 127.0.0.1.

The process owns a local session as `default`, which may do nothing but open the listener; the user `langfuse` has
a random password. Neither may read files or other hosts, so SQL that slips past us stays inside the database.
"""

import hashlib
import sys
from functools import partial
from pathlib import Path

import psutil

from langfuse_app.runtime.child import ChildSpec
from langfuse_app.runtime.datadir import DataDir, rotate_log
from langfuse_app.runtime.network import http_status

USER = "langfuse"
# The query that keeps `clickhouse local` alive must need no grant: reading stdin or tables would need some.
_QUERY = (
    "SYSTEM START LISTEN HTTP; SELECT sleepEachRow(1) FROM numbers(1000000000) FORMAT Null "
    "SETTINGS function_sleep_max_microseconds_per_block=1000000000000, max_block_size=1"
)
_GRANTS = (
    "GRANT SHOW, SELECT, INSERT, ALTER, CREATE, DROP, UNDROP TABLE, TRUNCATE, OPTIMIZE ON *.*",
    "GRANT KILL QUERY, KILL TRANSACTION, MOVE PARTITION BETWEEN SHARDS, SYSTEM, dictGet, INTROSPECTION ON *.*",
    "GRANT TABLE ENGINE ON *",
)
_CONFIG = """\
<clickhouse>
  <listen_host>127.0.0.1</listen_host>
  <http_port>{port}</http_port>
  <path>{folder}/</path>
  <tmp_path>{folder}/tmp/</tmp_path>
  <timezone>UTC</timezone>
  <users_config>{config}</users_config>
  <max_server_memory_usage>{memory}</max_server_memory_usage>
  <mark_cache_size>67108864</mark_cache_size>
  <index_mark_cache_size>16777216</index_mark_cache_size>
  <uncompressed_cache_size>0</uncompressed_cache_size>
  <index_uncompressed_cache_size>0</index_uncompressed_cache_size>
  <mmap_cache_size>100</mmap_cache_size>
  <compiled_expression_cache_size>16777216</compiled_expression_cache_size>
  <max_concurrent_queries>64</max_concurrent_queries>
  <max_thread_pool_size>400</max_thread_pool_size>
  <max_thread_pool_free_size>4</max_thread_pool_free_size>
  <background_pool_size>2</background_pool_size>
  <background_merges_mutations_concurrency_ratio>1</background_merges_mutations_concurrency_ratio>
  <background_schedule_pool_size>4</background_schedule_pool_size>
  <background_common_pool_size>2</background_common_pool_size>
  <background_move_pool_size>1</background_move_pool_size>
  <background_fetches_pool_size>1</background_fetches_pool_size>
  <merge_tree>
    <number_of_free_entries_in_pool_to_lower_max_size_of_merge>1</number_of_free_entries_in_pool_to_lower_max_size_of_merge>
    <number_of_free_entries_in_pool_to_execute_mutation>1</number_of_free_entries_in_pool_to_execute_mutation>
    <number_of_free_entries_in_pool_to_execute_optimize_entire_partition>1</number_of_free_entries_in_pool_to_execute_optimize_entire_partition>
  </merge_tree>
  <profiles><default>
    <max_threads>2</max_threads>
    <max_threads_min_free_memory_per_thread>0</max_threads_min_free_memory_per_thread>
    <max_insert_threads>1</max_insert_threads>
    <async_insert>0</async_insert>
    <log_queries>0</log_queries>
    <http_max_field_value_size>16777216</http_max_field_value_size>
    <max_memory_usage>{memory_per_query}</max_memory_usage>
    <max_bytes_before_external_group_by>{spill}</max_bytes_before_external_group_by>
    <max_bytes_before_external_sort>{spill}</max_bytes_before_external_sort>
  </default></profiles>
  <quotas><default/></quotas>
  <users>
    <default>
      <no_password/>
      <networks><ip>127.0.0.1</ip></networks>
      <profile>default</profile>
      <quota>default</quota>
      <grants><query>GRANT SYSTEM LISTEN ON *.*</query></grants>
    </default>
    <{user}>
      <password_sha256_hex>{password_hash}</password_sha256_hex>
      <networks><ip>127.0.0.1</ip></networks>
      <profile>default</profile>
      <quota>default</quota>
      <grants>{grants}</grants>
    </{user}>
  </users>
</clickhouse>
"""
_MOST_MEMORY, _SHARE_OF_MEMORY = 2 << 30, 0.4


def spec(data: DataDir, port: int, library: Path) -> ChildSpec:
    """The server for this data folder; `library` is libchdb.so."""
    folder = data.root / "clickhouse"
    folder.mkdir(exist_ok=True, mode=0o700)
    config = data.root / "clickhouse.xml"
    password = data.secrets()["clickhouse_password"]
    data.write_private(config, _config(port, folder, config, password))
    script = Path(__file__).with_name("clickhouse_child.py")
    arguments = [f"--config-file={config}", f"--path={folder}", "--log-level=warning", f"--query={_QUERY}"]
    return ChildSpec(
        name="clickhouse",
        command=[sys.executable, "-I", "-S", str(script), str(library), *arguments],
        ready=partial(_serves, port, password),
        log=rotate_log(data.logs / "clickhouse.log"),
        working_folder=folder,
        nice=10,  # so that the UI stays quick while parts are merged
        stop_seconds=20,
    )


def url(port: int) -> str:
    """CLICKHOUSE_URL of that server."""
    return f"http://127.0.0.1:{port}"


def _serves(port: int, password: str) -> bool:
    return http_status(port, "/?query=SELECT%201", user=USER, password=password) == 200


def _config(port: int, folder: Path, config: Path, password: str) -> str:
    memory = min(_MOST_MEMORY, int(psutil.virtual_memory().total * _SHARE_OF_MEMORY))
    return _CONFIG.format(
        port=port,
        folder=folder,
        config=config,
        memory=memory,
        memory_per_query=memory // 2,
        spill=memory // 4,
        user=USER,
        password_hash=hashlib.sha256(password.encode()).hexdigest(),
        grants="".join(f"<query>{grant}</query>" for grant in _GRANTS),
    )
