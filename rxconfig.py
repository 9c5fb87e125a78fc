"""Reflex reads this from the current folder; runtime/web.py and runtime/bundle.py go there first."""

import reflex as rx

config = rx.Config(
    app_name="langfuse_app",
    telemetry_enabled=False,
    show_built_with_reflex=False,
    state_manager_mode="memory",  # one UI process per node; its state is a cache of the URL and the stores
    cors_allowed_origins=[],  # no CORS from Reflex; the socket is same-origin, see langfuse_app.py
    default_color_mode="system",
    frontend_compression_formats=["gzip"],
    frozen_lockfile=True,
    plugins=[rx.plugins.TailwindV4Plugin()],
    disable_plugins=[rx.plugins.SitemapPlugin],
)
