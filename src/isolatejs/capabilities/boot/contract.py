"""The first message on every channel."""

from __future__ import annotations

from typing import Any

from isolatejs.wire.message import Call


class BootKernel(Call, frozen=True):
    """Install these capabilities, each with what its host half grants, and nothing else."""

    cwd: str
    grants: dict[str, Any]


class ParkKernel(Call, frozen=True):
    """The session is put aside: fail what is open with this host, and be silent until resumed."""


class ResumeKernel(Call, frozen=True):
    """The session is taken up again: install exactly these capabilities."""

    cwd: str
    grants: dict[str, Any]


TO_HOST = ()
TO_GUEST = (BootKernel, ParkKernel, ResumeKernel)
