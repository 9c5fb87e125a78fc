"""The bucket as the raw log sees it: it answers, it lacks what was asked, or it is away."""

from collections.abc import Generator
from contextlib import contextmanager

from zstandard import ZstdError

from langfuse_app.core.errors import ServiceUnavailableError


@contextmanager
def answering() -> Generator[None]:
    """ServiceUnavailableError for whatever goes wrong, but for answers: an object that is not there (KeyError) or damaged (ZstdError)."""
    try:
        yield
    except (KeyError, ZstdError):
        raise
    except Exception as error:  # boto3 raises families of its own; whichever it is, the object may still be there
        raise ServiceUnavailableError("The event bucket does not answer") from error
