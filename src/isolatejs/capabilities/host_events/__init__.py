"""Named events between the embedder (`runtime.events`) and the program (`on`, `emit`)."""
