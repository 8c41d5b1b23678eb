"""Which files a confined browser needs: its own, its driver's, the libraries of both, fonts."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from isolatejs.errors import ConfigurationError

from ..engine import linked_libraries
from .launcher.settings import BROWSER, DRIVER

CHROMIUM_NAMES: Final = ("chromium", "chromium-browser", "google-chrome")
_BEHIND_SCRIPTS: Final = (
    "/usr/lib/chromium/chromium",
    "/usr/lib/chromium-browser/chromium-browser",
    "/opt/google/chrome/chrome",
)
"""Where distributions keep the program that a script on PATH starts."""
_LOADED_LATER: Final = {
    "libnss3.so": (
        "libsoftokn3.so", "libfreebl3.so", "libfreeblpriv3.so", "libnssckbi.so", "libnssdbm3.so",
        "libsoftokn3.chk", "libfreebl3.chk", "libfreeblpriv3.chk", "nss",
    ),
}  # fmt: skip
"""Libraries that others open by name while they run, so that no ELF file lists them; beside the one that does."""
_FONTS: Final = ("/etc/fonts", "/usr/share/fonts", "/usr/share/fontconfig", "/usr/local/share/fonts")
_POLICY_PLACES: Final = ("chromium", "chromium-browser", "opt/chrome", "opt/chrome_for_testing")
_POLICY: Final = (
    '{"URLBlocklist":["file://*","chrome://*","chrome-untrusted://*","devtools://*","view-source:*",'
    '"ftp://*","chrome-extension://*","isolated-app://*"],"DownloadRestrictions":0,'
    '"BackgroundModeEnabled":false,"MetricsReportingEnabled":false,"AutofillAddressEnabled":false,'
    '"PasswordManagerEnabled":false,"ExtensionInstallBlocklist":["*"],"TranslateEnabled":false}'
)
"""Chromium's own word for what pages may not open: it finds nothing there, and this says so."""


@dataclass(frozen=True)
class Installation:
    """A browser on this machine as a tenant's root holds it."""

    executable: str
    """Path in the tenant's root."""
    binds: dict[str, str]
    files: dict[str, str]
    links: dict[str, str]


def find_chromium(given: str | os.PathLike[str] | None, own: str | None = None) -> str:
    """The program file of Chromium: `given`, else `own` (of the driver's package), else one on PATH.

    Raises ConfigurationError when there is none, or when it is a script that hides the program.
    """
    if given is not None:
        found = shutil.which(os.fspath(given))
        if found is None:
            raise ConfigurationError(f"browser: there is no program at {os.fspath(given)!r}")
    elif own is not None and Path(own).exists():
        found = own
    else:
        found = next((path for name in CHROMIUM_NAMES if (path := shutil.which(name))), None)
        if found is None:
            raise ConfigurationError(
                "browser: there is no Chromium: run `playwright install chromium`, install the system's, or "
                "name it with executable_path"
            )
    real = str(Path(found).resolve())
    if _is_program(real):
        return real
    behind = next((path for path in _BEHIND_SCRIPTS if Path(path).name in _words_of(real)), None)
    if behind is None or not _is_program(behind):
        raise ConfigurationError(
            f"browser: {found} is a script; executable_path has to name the program that it starts"
        )
    return behind


def _needed_by(library: str, program: str) -> tuple[str, ...]:
    """What a library is linked with; it names no loader itself, but that of the program knows."""
    listing = subprocess.run(
        [linked_libraries(program)[0], "--list", library], capture_output=True, text=True, check=True, env={}
    )
    paths = (line.split("=>")[-1].split("(")[0].strip() for line in listing.stdout.splitlines())
    return tuple(path for path in paths if path.startswith("/"))


def _is_program(path: str) -> bool:
    try:
        with Path(path).open("rb") as file:
            return file.read(4) == b"\x7fELF"
    except OSError:
        return False


def _words_of(script: str) -> set[str]:
    """What a script may name: enough to tell which of the known places it means."""
    with Path(script).open("rb") as file:
        text = file.read(64 * 1024).decode("utf-8", "replace")
    known = {Path(path).name for path in _BEHIND_SCRIPTS}
    return {name for name in known if name in text or Path(script).name == name}


def lay_out(executable: str, driver: dict[str, str]) -> Installation:
    """The root of a tenant for a program file of Chromium. `driver`: name below /driver -> path on this machine."""
    directory = str(Path(executable).parent)
    binds = {BROWSER: directory}
    binds.update({f"{DRIVER}/{name}": path for name, path in driver.items()})
    programs = [executable, *(path for path in driver.values() if _is_program(path))]
    libraries = {library for program in programs for library in linked_libraries(program)}
    for library in tuple(libraries):
        for name in _LOADED_LATER.get(Path(library).name, ()):
            beside = Path(library).parent / name
            if beside.exists():
                libraries.add(str(beside))
                if beside.suffix == ".so":
                    libraries.update(_needed_by(str(beside), executable))
    binds.update({path: path for path in sorted(libraries) if not Path(path).is_relative_to(directory)})
    binds.update({place: place for place in _FONTS if Path(place).is_dir()})
    files = {f"/etc/{place}/policies/managed/isolatejs.json": _POLICY for place in _POLICY_PLACES}
    files["/etc/passwd"] = "browser:x:65534:65534::/tmp/home:/nonexistent\n"
    files["/etc/group"] = "browser:x:65534:\n"
    files["/etc/hosts"] = "127.0.0.1 localhost\n"
    files["/etc/nsswitch.conf"] = "passwd: files\ngroup: files\nhosts: files\n"
    return Installation(f"{BROWSER}/{Path(executable).name}", binds, files, {})
