"""Attacks that an embedder can run against the sandbox and the own bindings: `isolatejs doctor --attack`."""
