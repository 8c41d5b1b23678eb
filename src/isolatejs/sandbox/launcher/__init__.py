"""The launcher: a small single-threaded process that hardens and starts sandboxes. Standard library only."""
