"""The first message on every channel."""

from __future__ import annotations

from typing import Any

from isolatejs.wire.message import Call


class BootKernel(Call):
    """Install these capabilities, each with what its host half grants, and nothing else."""

    cwd: str
    grants: dict[str, Any]


TO_HOST = ()
TO_GUEST = (BootKernel,)
