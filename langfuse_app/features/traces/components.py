"""The set-up screen: what a project without traces shows, until the first one arrives."""

from typing import Any

import reflex as rx

from langfuse_app.features.accounts.state import AppState
from langfuse_app.ui.elements import copy_button, icon
from langfuse_app.ui.text import t

_ENVIRONMENT = """LANGFUSE_BASE_URL="{url}"      # LANGFUSE_HOST for Python SDKs before 3
LANGFUSE_PUBLIC_KEY="pk-lf-…"
LANGFUSE_SECRET_KEY="sk-lf-…"
"""
_SNIPPETS = {
    "Python": """from langfuse import observe, get_client

@observe(as_type="agent")
def answer(question: str) -> str:
    return "Create a second key, deploy, then revoke the first."

answer("How do I rotate an API key?")
get_client().flush()
""",
    "TypeScript": """import { NodeSDK } from "@opentelemetry/sdk-node";
import { LangfuseSpanProcessor } from "@langfuse/otel";
import { startActiveObservation } from "@langfuse/tracing";

const sdk = new NodeSDK({ spanProcessors: [new LangfuseSpanProcessor()] });
sdk.start();
await startActiveObservation("answer", async (span) => span.update({ input: "Hello", output: "World" }));
await sdk.shutdown();
""",
    "OpenTelemetry": """OTEL_EXPORTER_OTLP_ENDPOINT="{url}/api/public/otel"
OTEL_EXPORTER_OTLP_HEADERS="Authorization=Basic <base64 of public:secret>"
""",
    "curl": """curl -u "$LANGFUSE_PUBLIC_KEY:$LANGFUSE_SECRET_KEY" {url}/api/public/ingestion \\
  -H "Content-Type: application/json" \\
  -d '{{"batch":[{{"id":"event-1","type":"trace-create","timestamp":"2026-01-01T00:00:00Z","body":{{"id":"trace-1","name":"hello"}}}}]}}'
""",
}


class SetupState(rx.State):
    """Which snippet is shown, and the address it points to."""

    language: str = "Python"

    @rx.event
    def pick(self, language: str) -> None:
        """Show another snippet."""
        if language in _SNIPPETS:
            self.language = language

    @rx.var
    def origin(self) -> str:
        """Where the reader's browser reached us: so will an SDK on the same machine."""
        return str(self.router.url.origin)

    @rx.var
    def environment(self) -> str:
        """Lines for a .env file."""
        return _ENVIRONMENT.replace("{url}", self.origin)

    @rx.var
    def snippet(self) -> str:
        """A first trace in the chosen language."""
        text = _SNIPPETS[self.language]
        return text.replace("{url}", self.origin).replace("{{", "{").replace("}}", "}") if "{url}" in text else text


def _step(number: str, title: str, *content: Any) -> rx.Component:
    return rx.el.li(
        rx.el.span(number, class_name="lf-avatar", style={"width": "22px", "height": "22px", "font_size": "11px"}),
        rx.el.div(rx.el.h2(title, class_name="lf-h2 mb-2", style={"line_height": "22px"}), *content, class_name="min-w-0"),
        class_name="grid", style={"grid_template_columns": "22px minmax(0,1fr)", "gap": "12px", "padding_bottom": "20px"},
    )  # fmt: skip


def _code(text: Any) -> rx.Component:
    copy = rx.el.span(copy_button(text), class_name="absolute", style={"right": "6px", "top": "6px"})
    return rx.el.div(rx.el.pre(text, class_name="lf-code", style={"overflow_x": "auto"}), copy, class_name="relative")


def setup(project: Any) -> rx.Component:
    """Three steps and a live listener."""
    pressed = lambda name: rx.cond(SetupState.language == name, "true", "false")  # noqa: E731 - one expression, used once below
    languages = [rx.el.button(name, type="button", on_click=SetupState.pick(name), custom_attrs={"aria-pressed": pressed(name)}) for name in _SNIPPETS]
    return rx.el.div(
        rx.el.div(
            rx.el.h1(t("setup.title"), class_name="lf-h1"),
            rx.el.p(t("setup.lead"), class_name="lf-3", style={"margin": "4px 0 24px"}),
            rx.el.ol(
                _step("1", "Take a key", rx.el.p("The first start printed a key pair. ", rx.el.a("Make another in the settings", href=AppState.base + "/settings", class_name="lf-link"), " of ", project, "; the secret is shown once.", class_name="lf-2")),
                _step("2", "Set the environment", _code(SetupState.environment)),
                _step("3", "Instrument", rx.el.div(rx.el.div(*languages, class_name="lf-seg"), class_name="flex mb-2"), _code(SetupState.snippet)),
            ),
            rx.el.div(
                rx.el.span(class_name="lf-live", style={"margin": "0 4px"}),
                rx.el.b(t("setup.waiting"), class_name="lf-strong"),
                icon("radio-tower"),
                class_name="lf-card", style={"flex_direction": "row", "align_items": "center", "gap": "12px", "padding": "12px 14px", "margin_bottom": "24px"},
            ),
            class_name="mx-auto p-4", style={"max_width": "720px", "padding_top": "36px"},
        ),
        class_name="lf-scroll flex-1 min-h-0", id="setup",
    )  # fmt: skip
