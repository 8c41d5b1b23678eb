"""Running programs: `runtime.eval`."""
