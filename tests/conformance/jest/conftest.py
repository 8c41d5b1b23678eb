"""Jest's files are run by `test_jest_suites.py`, with what they import; pytest's plugin leaves them alone."""

collect_ignore = ["packages"]
