"""Cutting declaration text into statements."""

from __future__ import annotations

from isolatejs.typechecking.engine_declarations import engine_values, select_declarations, split_statements

TEXT = """
/// <reference lib="esnext" />

/** Says {hello}; not a { bracket. */
declare function greet(name: string, options?: {
  loud?: boolean;
}): string;

// a line with } in it
interface Greeter {
  greet(): void; /* } */
}

type Tone =
  | "loud;"
  | "quiet}";

declare var Greeter: {
  readonly prototype: Greeter;
  new (tone?: Tone): Greeter;
};
declare const VERSION: string;
declare namespace Inner {
  export { type Tone };
}
declare abstract class Base<T> {
  value: T;
}
"""


def test_statements_with_their_comments() -> None:
    statements = split_statements(TEXT)
    assert [(found.kind, found.name) for found in statements] == [
        ("function", "greet"),
        ("interface", "Greeter"),
        ("type", "Tone"),
        ("var", "Greeter"),
        ("const", "VERSION"),
        ("namespace", "Inner"),
        ("class", "Base"),
    ]
    assert statements[0].text.startswith("/** Says")
    assert statements[0].text.endswith("}): string;")
    assert not statements[1].is_value
    assert statements[3].is_value


def test_the_engines_own_declarations() -> None:
    values = engine_values()
    assert {"URL", "fetch", "Response", "structuredClone", "WebAssembly"} <= values
    assert not values & {"Deno", "window", "localStorage", "GPU", "OffscreenCanvas"}


def test_only_what_is_selected_is_declared() -> None:
    text = select_declarations(frozenset({"URL", "atob"}))
    assert "declare function atob" in text
    assert "declare function btoa" not in text
    assert "interface Request " in text
    assert "declare var Request" not in text
    assert "WebTransport" not in text
