"""A Seatbelt profile for macOS: reads of the engine and the guest image, and nothing else. UNTESTED.

Written from Apple's sandbox(7), sandbox-exec(1) and the profiles in /System/Library/Sandbox/Profiles, on a
machine without macOS. Until it has run there, `confinement="require"` refuses on macOS and this profile is
only used with "best_effort".
"""

from __future__ import annotations

import json

COMMAND = "/usr/bin/sandbox-exec"

_PROFILE = """(version 1)
(deny default)
(import "system.sb")
(deny network*)
(deny process-fork)
(deny signal (target others))
(allow signal (target self))
(allow process-exec (literal {engine}))
(allow file-read* (literal {engine}) (subpath {image}) (subpath {private}))
(allow file-read-metadata)
(allow sysctl-read)
(deny file-write*)
(allow file-write-data (literal "/dev/null"))
(deny mach-lookup)
(deny iokit-open)
"""


def seatbelt_command(engine: str, image: str, private: str) -> list[str]:
    """What to put before the engine's command line. The paths have to be free of symbolic links."""
    profile = _PROFILE.format(engine=json.dumps(engine), image=json.dumps(image), private=json.dumps(private))
    return [COMMAND, "-p", profile]
