"""What the builder of module sources refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from isolatejs import ConfigurationError, create_module_resolver

if TYPE_CHECKING:
    from pathlib import Path


def test_wrong_arguments_are_refused(tmp_path: Path) -> None:
    resolver = create_module_resolver()
    with pytest.raises(ConfigurationError):
        resolver.virtual("x", 5)  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError):
        resolver.virtual("x", "", filename="a/b.ts")
    with pytest.raises(ConfigurationError):
        resolver.virtual("x", "", {"file_name": "x"})
    with pytest.raises(ConfigurationError):
        resolver.mount_node_modules("node_modules", tmp_path)
    with pytest.raises(ConfigurationError):
        resolver.mount_node_modules("/node_modules", tmp_path / "absent")
    with pytest.raises(ConfigurationError):
        resolver.fallback("x")  # type: ignore[arg-type]
