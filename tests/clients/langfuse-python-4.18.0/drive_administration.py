"""Drives the administration of langfuse 4.18.0."""

import administration_scenario

if __name__ == "__main__":
    administration_scenario.drive()
