"""Confined browsers: a launcher of their own, and the host's end of it. Knows nothing of Playwright's messages."""
