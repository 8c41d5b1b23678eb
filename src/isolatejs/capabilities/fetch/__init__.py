"""The fetch capability: HTTP requests, server-sent events and outbound WebSockets, all made by the host."""
