"""Every text that people read, by key, so that a catalogue of another language can come without touching pages."""

ENGLISH = {
    "app": "langfuse_app",
    "sign_in": "Sign in",
    "sign_in.wrong": "E-mail or password is wrong.",
    "sign_out": "Sign out",
    "email": "E-mail",
    "password": "Password",
    "theme": "Light or dark",
    "menu": "Menu",
    "go_to": "Go to…",
    "projects": "Projects",
    "projects.none": "You are in no project yet. Ask an owner of your organisation to add you.",
    "tracing": "Tracing",
    "traces": "Traces",
    "traces.search": "Search by name or id",
    "traces.none": "No trace matches",
    "traces.none.why": "Nothing in this time range and search. Widen the range or clear the search.",
    "traces.clear": "Clear search and range",
    "live": "Live",
    "retry": "Try again",
    "not_found": "Not found",
    "not_found.why": "There is nothing here, or it is not yours to see.",
    "settings": "Settings",
    "setup.title": "Send your first trace",
    "setup.lead": "Any Langfuse SDK or OpenTelemetry exporter works. Point it here and the trace appears on this page within a second.",
    "setup.waiting": "Waiting for the first event",
    "copy": "Copy",
    "previous": "Previous page",
    "next": "Next page",
}


def t(key: str) -> str:
    """The text of a key; KeyError for one that is not in the catalogue."""
    return ENGLISH[key]
