"""A browser for programs: Playwright's JavaScript API over the embedder's Playwright for Python."""
