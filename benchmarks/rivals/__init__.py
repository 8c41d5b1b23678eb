"""The same few tasks on other systems. Each module gives coroutines that return seconds, or raise ImportError."""
