"""Media in the Python SDKs: what is sent, and what their own resolver reads back."""

from __future__ import annotations

from base64 import b64encode, urlsafe_b64encode
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from langfuse.media import LangfuseMedia
from scenario import SEED, Story, tell

# Unlike in every run, so that each file is new to the server: about a kilobyte, a megabyte and some text.
IMAGE = b"\x89PNG\r\n\x1a\n" + SEED.encode() * 80
AUDIO = b"RIFF" + SEED.encode() * (1_000_000 // len(SEED))
DOCUMENT = f"<p>Quittung {SEED} – »bezahlt«</p>".encode()
IMAGE_URI = f"data:image/png;base64,{b64encode(IMAGE).decode()}"


def document() -> LangfuseMedia:
    """A file that is read from disk."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "receipt.html"
        path.write_bytes(DOCUMENT)
        return LangfuseMedia(file_path=str(path), content_type="text/html")


def audio() -> LangfuseMedia:
    """A file from memory."""
    return LangfuseMedia(content_bytes=AUDIO, content_type="audio/wav")


def reference(kind: str, data: bytes, source: str) -> str:
    """What stands in the trace instead of the file."""
    id = urlsafe_b64encode(sha256(data).digest()).decode()[:22]
    return f"@@@langfuseMedia:type={kind}|id={id}|source={source}@@@"


REFERENCES = {
    "image": reference("image/png", IMAGE, "base64_data_uri"),
    "audio": reference("audio/wav", AUDIO, "bytes"),
    "document": reference("text/html", DOCUMENT, "file"),
}


def told(trace_id: str, first: str, second: str, parent: str | None = None) -> None:
    """Expects two observations that carry references in the places of files."""
    story = Story("media", trace_id, name="media")
    if parent is not None:
        story.observation("media", parent, type="SPAN")
    story.observation("look", first, parent, type="SPAN", input={"image": REFERENCES["image"], "audio": REFERENCES["audio"]})
    story.observation("look-again", second, "", type="SPAN", input=[REFERENCES["image"]], output=REFERENCES["document"])
    story.tell()


def read_back(langfuse: Any) -> None:
    """Says what the SDK makes of the references, and what it ought to be."""
    resolved = langfuse.resolve_media_references(obj=dict(REFERENCES), resolve_with="base64_data_uri")
    sent = {"image": ("image/png", IMAGE), "audio": ("audio/wav", AUDIO), "document": ("text/html", DOCUMENT)}
    uris = {name: f"data:{kind};base64,{b64encode(data).decode()}" for name, (kind, data) in sent.items()}
    tell(scenario="media", references=REFERENCES, equal={name: resolved[name] == uri for name, uri in uris.items()})


def spans(langfuse: Any) -> None:
    """The scenario of the OpenTelemetry generations."""
    start = langfuse.start_as_current_observation
    with start(name="media", as_type="span") as root:
        with start(name="look", as_type="span", input={"image": IMAGE_URI, "audio": audio()}) as first:
            pass
        with start(name="look-again", as_type="span", input=[IMAGE_URI]) as second:
            second.update(output=document())
    langfuse.flush()
    told(root.trace_id, first.id, second.id, root.id)
    read_back(langfuse)
