"""Sandbox processes: starting, hardening, watching and killing them. Knows nothing of messages."""
