"""The layers of the wall by name, which of them are required, and what became of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

UNPRIVILEGED_ID: Final = 65534
"""`nobody`: what the wall's processes run as when the host runs as root."""

NAMESPACES: Final = (
    "user namespace",
    "mount namespace",
    "pid namespace",
    "network namespace",
    "ipc namespace",
    "uts namespace",
    "empty root",
)
"""As far as the kernel and the container lets us have them."""

SINGLE_EXEC: Final = "single exec"
"""As well: it needs Linux 5.5, and no other listener of seccomp's around."""

REQUIRED: Final = (
    "closed descriptors",
    "resource limits",
    "unprivileged user",
    "capabilities",
    "no new privileges",
    "landlock",
    "seccomp",
)
"""These hold under confinement="require", or no sandbox starts."""

LAYERS: Final = (*NAMESPACES, *REQUIRED, SINGLE_EXEC)
"""All, in the order in which they are told."""

Status = tuple[bool, str]
"""Whether a layer holds, and why not."""


class Wall:
    """Sets layers up, strict or not, and remembers how it went."""

    def __init__(self, confinement: str) -> None:
        self._confinement = confinement
        self.statuses: dict[str, Status] = {}

    def apply(self, name: str, set_up: Callable[[], None]) -> None:
        """Set one layer up: with "require" a failure ends the sandbox, with "off" nothing is done."""
        if self._confinement == "off" and name != "resource limits":
            self.statuses[name] = (False, "confinement is off")
            return
        try:
            set_up()
        except OSError as error:
            if self._confinement == "require":
                raise OSError(error.errno, f"the layer `{name}` cannot be set up: {error}") from error
            self.statuses[name] = (False, str(error))
        else:
            self.statuses[name] = (True, "")

    def apply_optional(self, name: str, set_up: Callable[[], None]) -> None:
        """Set up one layer that may be missing in every mode."""
        try:
            if self._confinement == "off":
                raise OSError("confinement is off")
            set_up()
        except OSError as error:
            self.statuses[name] = (False, str(error))
        else:
            self.statuses[name] = (True, "")
