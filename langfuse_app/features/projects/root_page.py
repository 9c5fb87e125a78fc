"""/project/<id> alone."""

import reflex as rx

from langfuse_app.features.projects.state import ProjectsState


@rx.page(route="/project/[project_id]", title="langfuse_app", on_load=ProjectsState.open_first_page)
def project_root() -> rx.Component:
    """Leads on at once."""
    return rx.fragment()
