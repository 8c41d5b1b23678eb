"""The `isolatejs` command: argument parsing and printing, nothing else."""
