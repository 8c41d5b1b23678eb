"""The first message on every channel."""

from __future__ import annotations

from typing import Any, ClassVar

from isolatejs.wire.message import Call, Door


class BootKernel(Call, frozen=True):
    """Install these capabilities, each with what its host half grants, and nothing else."""

    door: ClassVar[Door] = Door.CONTROL

    cwd: str
    grants: dict[str, Any]


class ParkKernel(Call, frozen=True):
    """The session is put aside: fail what is open with this host, and be silent until resumed."""

    door: ClassVar[Door] = Door.CONTROL


class ResumeKernel(Call, frozen=True):
    """The session is taken up again: install exactly these capabilities."""

    door: ClassVar[Door] = Door.CONTROL

    cwd: str
    grants: dict[str, Any]


TO_HOST = ()
TO_GUEST = (BootKernel, ParkKernel, ResumeKernel)
