"""Blob-storage integrations: scheduled exports of a project into a bucket of its owner."""
