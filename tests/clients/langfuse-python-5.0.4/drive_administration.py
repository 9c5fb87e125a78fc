"""Drives the administration of langfuse 5.0.4."""

import administration_scenario

if __name__ == "__main__":
    administration_scenario.drive()
