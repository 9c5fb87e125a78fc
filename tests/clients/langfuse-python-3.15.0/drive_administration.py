"""Drives the administration of langfuse 3.15.0."""

import administration_scenario

if __name__ == "__main__":
    administration_scenario.drive()
