"""Hosts inside the sandbox: `import { createIsolateHost } from "@ricsam/isolate"`."""
