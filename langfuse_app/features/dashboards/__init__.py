"""Dashboards and their widgets."""
