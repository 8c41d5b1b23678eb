"""`create_fetch_binding`: a fetch binding that reaches only what the embedder names, and nothing inside."""

from isolatejs.capabilities.fetch.policy.binding import FetchBinding, create_fetch_binding

__all__ = ["FetchBinding", "create_fetch_binding"]
