"""App servers: the program answers requests and WebSockets that the embedder hands it."""
