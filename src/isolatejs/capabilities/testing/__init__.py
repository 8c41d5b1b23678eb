"""The test framework inside the sandbox: describe, test, hooks, expect, mocks."""
