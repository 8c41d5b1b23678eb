"""Boot: what the kernel is told before anything else."""
