"""Media: pictures, sound and files that traces and dataset items refer to."""
