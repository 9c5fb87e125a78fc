"""Datasets: named collections of items, every version of which is kept."""
