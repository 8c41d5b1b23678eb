"""What enters the guest image."""

from __future__ import annotations

from typing import TYPE_CHECKING

from isolatejs.sandbox.guest_image import image_files

if TYPE_CHECKING:
    from pathlib import Path


def test_only_the_javascript_of_the_guest_folders_enters(tmp_path: Path) -> None:
    for name in (
        "guest/main.js",
        "wire/frames.js",
        "wire/frames.py",
        "capabilities/a/guest.js",
        "host/x.js",
        "top.js",
    ):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("")
    assert set(image_files(tmp_path)) == {"guest/main.js", "wire/frames.js", "capabilities/a/guest.js"}


def test_the_packages_own_image_has_an_entry_and_no_python() -> None:
    files = image_files()
    assert "guest/main.js" in files
    assert all(name.endswith(".js") for name in files)
