"""What an address shows that leads nowhere."""

import reflex as rx

from langfuse_app.ui.elements import not_found
from langfuse_app.ui.text import t


@rx.page(route="/404", title=f"{t('not_found')} · {t('app')}")
def missing() -> rx.Component:
    """Nothing, and the way home."""
    return rx.el.div(not_found(), class_name="lf-signin")
