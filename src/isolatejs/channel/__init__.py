"""One live connection to a sandbox: calls, notes, streams with credit, references, cancellation."""
