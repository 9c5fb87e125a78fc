"""S3 in this process: moto's server, spoken to over HTTP."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple


class S3(NamedTuple):
    """A running server: `client` is boto3's, `bucket` exists."""

    client: Any
    endpoint: str
    bucket: str


@contextmanager
def running_s3(bucket: str = "events", port: int = 0) -> Iterator[S3]:
    """An empty server with one bucket, at a free port where none is given."""
    import boto3
    from moto.server import ThreadedMotoServer

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        server = ThreadedMotoServer(ip_address="127.0.0.1", port=port)
        server.start()
        host, port = server.get_host_and_port()
        endpoint = f"http://{host}:{port}"
        client = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
        client.create_bucket(Bucket=bucket)
        yield S3(client, endpoint, bucket)
        server.stop()
