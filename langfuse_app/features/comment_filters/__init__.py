"""Conditions on comments inside of filters of other things: comments are relational, the things are not."""
