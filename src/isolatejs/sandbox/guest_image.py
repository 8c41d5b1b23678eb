"""The guest image: the JavaScript that a sandbox finds at /isolatejs, laid out as in this package."""

from __future__ import annotations

from pathlib import Path

FOLDERS = ("guest", "wire", "channel", "capabilities")


def image_files(directory: Path | None = None) -> dict[str, str]:
    """Every `.js` file of the image: path below /isolatejs -> path on this machine.

    `directory` stands in for the package (tests). Python files never enter the image.
    """
    if directory is None:
        directory = Path(__file__).resolve().parent.parent
    files = {}
    for folder in FOLDERS:
        for path in sorted((directory / folder).rglob("*.js")):
            files[path.relative_to(directory).as_posix()] = str(path)
    return files
