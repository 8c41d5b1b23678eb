"""Which names a file snapshot may have, and what a snapshot file says."""

from __future__ import annotations

import pytest

from isolatejs.capabilities.testing.snapshot_names import (
    own_snapshot_path,
    read_refusal,
    text_refusal,
    write_refusal,
)
from isolatejs.capabilities.testing.snapshot_text import (
    HEADERS,
    is_snapshot_file,
    parse_entries,
    render_entries,
)

REFUSED = """
/src/__snapshots__/conftest.py
/src/__snapshots__/test_a.py
/src/__snapshots__/test_doctest.txt
/src/__snapshots__/Testing.txt
/src/__snapshots__/requirements.txt
/src/__snapshots__/CMakeLists.txt
/src/__snapshots__/other.test.ts.snap
/src/__snapshots__/a.test.ts.snap
/src/__snapshots__/package.json
/src/__snapshots__/tsconfig.json
/src/__snapshots__/project.json
/src/__snapshots__/x.JSON
/src/__snapshots__/x.snap.js
/src/__snapshots__/a.ts
/src/__snapshots__/run.sh
/src/__snapshots__/workflow.yml
/src/__snapshots__/pyproject.toml
/src/__snapshots__/page.md
/src/__snapshots__/x.patch
/src/__snapshots__/1.sql
/src/__snapshots__/Makefile
/src/__snapshots__/evil.txt.
/src/__snapshots__/.gitattributes
/src/__snapshots__/.npmrc
/src/__snapshots__/.txt
/src/__snapshots__/.hidden/a.txt
/src/__snapshots__/a:b.txt
/src/__snapshots__/a\\b.txt
/src/__snapshots__/a%2fb.txt
/src/__snapshots__/a\u200d.txt
/src/__snapshots__/node_modules/a.txt
/src/__snapshots__/Node_Modules/a.txt
/src/../.git/hooks/__snapshots__/x.txt
/src/__snapshots__/../x.txt
/src//x.txt
/src/./x.txt
/src/x.dist-info/entry_points.txt
/src/x.egg-info/top_level.txt
/src/x.dist-info/a.txt
/src/__snapshots__/entry_points.txt
/src/__snapshots__/dev-requirements.txt
/src/index.html
/src/public/index.html
/other/__snapshots__/a.txt
/__snapshots__/a.txt
/srcx/a.txt
/src
/src/
relative.txt
""".strip("\n").split("\n")


@pytest.mark.parametrize(
    "path",
    [*REFUSED, "/src/__snapshots__/a\0.txt", "/src/__snapshots__/a\n.txt", "/src/__snapshots__/a.txt "],
)
def test_names_that_tools_execute_or_collect(path: str) -> None:
    assert write_refusal(path, "/src") is not None


@pytest.mark.parametrize(
    "path",
    [
        "/src/__snapshots__/page.html",
        "/src/__snapshots__/index.html",
        "/src/__file_snapshots__/deep/page 1 (large).svg",
        "/src/files/basic.output.html",
        "/src/__snapshots__/plain.snap",
        "/src/__snapshots__/value.snap.json",
        "/src/__snapshots__/bundle.js.txt",
        "/src/out/größe.csv",
    ],
)
def test_names_of_file_snapshots(path: str) -> None:
    assert write_refusal(path, "/src") is None


def test_test_files_in_the_root_and_elsewhere_have_one_snapshot_file() -> None:
    assert own_snapshot_path("/a.test.ts") == "/__snapshots__/a.test.ts.snap"
    assert own_snapshot_path("/x/.y/a.test.ts") == "/x/.y/__snapshots__/a.test.ts.snap"
    for path in ("/", "a.test.ts", "/x/../a.test.ts", "//x/a.test.ts", "/https://x/a.test.ts", "/a\0"):
        assert own_snapshot_path(path) is None, path


def test_hidden_files_are_not_compared_with() -> None:
    for path in ("/.env", "/src/.env", "/src/.git/config", "/.ssh/id_rsa", "/src/../.env", "//.env"):
        assert read_refusal(path, "/src") is not None, path
    assert read_refusal("/src/out.js", "/src") is None
    assert read_refusal("/.cache/p/src/out.js", "/.cache/p/src") is None


def test_front_matter_of_a_page() -> None:
    for text in ("---js\n{}\n---", "\ufeff---\nx: 1\n---", "\n --- \n"):
        assert text_refusal("/a.html", text) is not None
    assert text_refusal("/a.html", "<hr>---") is None
    assert text_refusal("/a.txt", "---") is None


def test_doctests_in_a_text() -> None:
    for text in (">>> import os", "a\n  >>> x\n", "a\r\n\t>>>y"):
        assert text_refusal("/a.txt", text) is not None
        assert text_refusal("/a.out", text) is None
    assert text_refusal("/a.txt", "a >>> b") is None


@pytest.mark.parametrize(
    "text",
    ["`; process.exit(); `", "${evil()}", "\\`", "\\${x}", "a\\", "$", "${", "`];\nevil();\n//", "\\u0060"],
)
def test_values_stay_within_their_literals(text: str) -> None:
    """Jest and Vitest execute a snapshot file: names and values are text in it and nothing else."""
    entries = {text: text, "other 1": "x"}
    written = render_entries(entries, "")
    assert parse_entries(written) == entries
    outside = written
    for literal in _literals(written):
        outside = outside.replace(literal, "L", 1)
    assert outside == f"{HEADERS[0]}\n\nexports[L] = L;\n\nexports[L] = L;\n"


def _literals(text: str) -> list[str]:
    """Template literals as JavaScript reads them, found without the pattern that is under test."""
    found, start, index = [], None, 0
    while index < len(text):
        if start is not None and text[index] == "\\":
            index += 2
            continue
        if text[index] == "`":
            if start is None:
                start = index
            else:
                found.append(text[start : index + 1])
                start = None
        elif start is not None and text.startswith("${", index):
            raise AssertionError("a substitution")
        index += 1
    return found


def test_headers_are_those_of_the_runners() -> None:
    for header in HEADERS:
        assert is_snapshot_file(f"{header}\n\n")
        assert render_entries({}, f"{header}\u2028evil()").splitlines()[0] == header
    assert is_snapshot_file("\n")
    assert not is_snapshot_file("import os\n")
    assert not is_snapshot_file("// Snapshot\n")


def test_numbers_in_names_count_by_value() -> None:
    names = ["a 10", "a 9", "a 01", "b"]
    written = render_entries(dict.fromkeys(names, "x"), "")
    assert [line[9:-9] for line in written.splitlines() if line.startswith("exports")] == [
        "a 01", "a 9", "a 10", "b",
    ]  # fmt: skip
