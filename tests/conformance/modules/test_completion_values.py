"""Values of programs against V8's own: the completion value that `eval` gives for the same text."""

from __future__ import annotations

import json
import random
import re
from typing import TYPE_CHECKING

from isolatejs import GuestError, create_isolate_host

if TYPE_CHECKING:
    from isolatejs import ScriptRuntime

PROGRAMS = 1500
STRICT = "'use strict'; void 0;\n"
SEED = 20_261_122


class Writer:
    """Writes random programs of nested statements. Each expression gives a number of its own."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._next = 0

    def program(self) -> str:
        self._next = 0
        return self.statements(3, in_loop=False)

    def statements(self, depth: int, *, in_loop: bool) -> str:
        count = self._random.randint(0, 3)
        return "\n".join(self.statement(depth, in_loop=in_loop) for _ in range(count))

    def value(self) -> str:
        self._next += 1
        return self._random.choice(["{}", "({})", "{} + 0", "(0, {})", "void {} ?? {}"]).replace(
            "{}", str(self._next)
        )

    def block(self, depth: int, *, in_loop: bool) -> str:
        return "{ " + self.statements(depth - 1, in_loop=in_loop) + " }"

    def statement(self, depth: int, *, in_loop: bool) -> str:
        simple = [
            "{v};",
            "{v}\n",
            ";",
            "let a{n} = {v};",
            "var b{n} = {v}",
            "function f{n}() {{}}",
            "'text';",
        ]
        nested = [
            "if ({c}) {b}",
            "if ({c}) {b} else {b}",
            "if ({c}) {v}; else {v}",
            "{b}",
            "l{n}: {b}",
            "try {b} catch {b}",
            "try {b} finally {f}",
            "try {{ {s}; throw {v} }} catch (e) {b}",
            "switch ({n} % 2) {{ case 0: {s}; break; case 1: {s}; default: {s} }}",
            "for (let i = 0; i < 2; i++) {l}",
            "for (const x of [1, 2]) {l}",
            "{{ let n = 0; while (n++ < 2) {l} }}",
        ]
        kinds = simple + (nested if depth > 0 else [])
        shape = self._random.choice(kinds)
        if in_loop and self._random.random() < 0.1:
            shape = self._random.choice(["break;", "continue;", "if ({c}) break;"])
        text = ""
        for part in _split(shape):
            text += self._fill(part, depth, in_loop=in_loop)
        return text

    def _fill(self, part: str, depth: int, *, in_loop: bool) -> str:
        match part:
            case "{v}":
                return self.value()
            case "{n}":
                self._next += 1
                return str(self._next)
            case "{c}":
                return self._random.choice(["true", "false", "1", "0"])
            case "{b}":
                return self.block(depth, in_loop=in_loop)
            case "{s}":
                return self.statements(depth - 1, in_loop=in_loop)
            case "{f}":  # a jump out of a finally block makes its value count, which nobody writes
                return self.block(depth, in_loop=False)
            case "{l}":
                return self.block(depth, in_loop=True)
        return part.replace("{{", "{").replace("}}", "}")


def _split(shape: str) -> list[str]:
    return re.split(r"(\{[vncbslf]\})", shape)


async def outcome(runtime: ScriptRuntime, program: str) -> object:
    """The value of a program, or what it threw."""
    try:
        return await runtime.eval(program)
    except GuestError as error:
        return f"{error.name}: {error.message}"


async def test_values_are_those_of_eval() -> None:
    writer = Writer(SEED)
    differences = []
    async with create_isolate_host(pool_size=1) as host, host.create_runtime() as runtime:
        for _ in range(PROGRAMS):
            program = writer.program()
            # Strict eval code has the scope of a module's body, and V8 gives its value.
            wanted = await outcome(runtime, f"(0, eval)({json.dumps(STRICT + program)})")
            got = await outcome(runtime, f"import 'node:path';\n{program}")
            if wanted != got:
                differences.append((program, wanted, got))
    assert differences == []
