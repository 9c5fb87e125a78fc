"""Drives the media of langfuse 4.18.0."""

import langfuse_otel
import media_scenario

if __name__ == "__main__":
    media_scenario.spans(langfuse_otel.client())
