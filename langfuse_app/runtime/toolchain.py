from pathlib import Path
def libchdb() -> Path:
    return Path("/work/scratch/npm/node_modules/@chdb/lib-linux-x64-gnu/libchdb.so")
