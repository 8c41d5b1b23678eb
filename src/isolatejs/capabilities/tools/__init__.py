"""Host functions that a program may call."""
