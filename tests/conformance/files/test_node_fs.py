"""`node:fs` against Node itself: what the sandbox answers to node_fs_cases.js is what Node answered."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from fakes.files_runtime import files_runtime

if TYPE_CHECKING:
    from isolatejs import IsolateHost as Host

HERE = Path(__file__).parent
RECORDED: dict[str, list[Any]] = json.loads((HERE / "node_fs.json").read_text())

DIFFERENT = {
    ("directories", 31): "ours tells the path that could not be opened",
    (
        "rename, copy, links",
        16,
    ): "Node's realpathSync walks the path itself; ours is one question, as realpath.native",
    ("descriptors", 14): "Node 20 takes readSync(fd, buffer, offset) for wrong options",
}
"""Answers that differ, and why they may."""


@pytest.fixture(scope="module")
async def answers(host: Host, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Any]]:
    root = tmp_path_factory.mktemp("node-fs")
    for number in range(len(RECORDED)):
        (root / f"case{number + 1}").mkdir()
        (root / f"case{number + 1}" / "link").symlink_to("file")
    program = (HERE / "node_fs_cases.js").read_text()
    async with files_runtime(host, root) as runtime:
        text = await runtime.eval(
            f"""
            import fs from "node:fs";
            import path from "node:path";
            import {{ Buffer }} from "node:buffer";
            const base = "/", linkIn = () => {{}};
            {program}
            JSON.stringify(await runCases());
            """
        )
    return json.loads(text)


@pytest.mark.parametrize("case", RECORDED)
async def test_answers_are_those_of_node(answers: dict[str, list[Any]], case: str) -> None:
    assert len(answers[case]) == len(RECORDED[case])
    differences = {
        index: (recorded, answer)
        for index, (recorded, answer) in enumerate(zip(RECORDED[case], answers[case], strict=True))
        if recorded != answer
    }
    unexpected = {index: pair for index, pair in differences.items() if (case, index) not in DIFFERENT}
    assert unexpected == {}
    expected = {index for name, index in DIFFERENT if name == case}
    assert expected == set(differences), "an answer that was different is the same by now"
