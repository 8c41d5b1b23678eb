"""Run JavaScript and TypeScript nobody has vetted, in isolated V8 sandboxes."""

from __future__ import annotations
