"""Drives the media of langfuse 2.60.10."""

import media_scenario
from langfuse import Langfuse
from scenario import VALUES


def main() -> None:
    langfuse = Langfuse(environment=VALUES["environment"], release=VALUES["release"])
    trace = langfuse.trace(name="media")
    first = trace.span(name="look", input={"image": media_scenario.IMAGE_URI, "audio": media_scenario.audio()})
    second = trace.span(name="look-again", input=[media_scenario.IMAGE_URI])
    second.end(output=media_scenario.document())
    first.end()
    langfuse.flush()
    media_scenario.told(trace.id, first.id, second.id)
    media_scenario.read_back(langfuse)


if __name__ == "__main__":
    main()
