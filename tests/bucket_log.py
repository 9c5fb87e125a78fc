"""The raw log in a bucket, for this process: moto's server, and the settings that name it."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from langfuse_app.core.settings import get_settings
from langfuse_app.stores.blobs import blobs, event_bucket, media_blobs
from langfuse_app.stores.raw_log import BucketRawLog, raw_log
from tests.s3 import S3

CACHES = (get_settings, event_bucket, blobs, media_blobs, raw_log)


@contextmanager
def bucket_log(s3: S3, form: str, prefix: str, **more: str) -> Iterator[BucketRawLog]:
    """What `raw_log()` is meanwhile; `prefix` keeps its objects apart."""
    named = {"BUCKET": s3.bucket, "ENDPOINT": s3.endpoint, "REGION": "us-east-1", "FORCE_PATH_STYLE": "true", "PREFIX": prefix}
    secrets = {"ACCESS_KEY_ID": "a", "SECRET_ACCESS_KEY": "b"}
    settings = {f"LANGFUSE_S3_EVENT_UPLOAD_{name}": value for name, value in (named | secrets).items()}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (settings | {"LANGFUSE_RAW_LOG_FORM": form} | more).items():
            patch.setenv(name, value)
        for cache in CACHES:
            cache.cache_clear()
        log = raw_log()
        assert isinstance(log, BucketRawLog)
        yield log
        log.close()
    for cache in CACHES:
        cache.cache_clear()
