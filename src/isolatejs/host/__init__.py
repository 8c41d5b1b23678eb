"""What the embedder holds: hosts, runtimes, servers, sessions."""
