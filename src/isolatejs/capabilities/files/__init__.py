"""Files: a program's view of directories that the embedder grants."""
