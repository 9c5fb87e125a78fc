"""The design system: pure functions from values and state vars to elements. It knows core and no slice."""
