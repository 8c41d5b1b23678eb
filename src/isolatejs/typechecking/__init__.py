"""Typechecking of programs against what their runtime will have."""
