"""Script: becomes a ClickHouse server out of libchdb.so. `python -I -S clickhouse_child.py <libchdb.so> arguments …`

The library exports the main function of `clickhouse local`, which has the server's HTTP interface. A thread reads
stdin, held open by the parent: at its end this process asks itself to stop.
"""

import ctypes
import os
import signal
import sys
import threading


def _stop_at_end_of_stdin() -> None:
    while os.read(0, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def main(library: str, arguments: list[str]) -> int:
    """Run ClickHouse until it is stopped; its exit code."""
    entry = ctypes.CDLL(library).chdb_query_cmdline
    entry.argtypes = [ctypes.c_int, ctypes.POINTER(ctypes.c_char_p)]
    argv = [b"clickhouse", *(argument.encode() for argument in arguments)]
    threading.Thread(target=_stop_at_end_of_stdin, daemon=True).start()  # ctypes lets it run meanwhile
    return int(entry(len(argv), (ctypes.c_char_p * (len(argv) + 1))(*argv, None)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
