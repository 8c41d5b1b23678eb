"""Functions of programs that run in a page. Their arguments and results are text, which nobody reads on the way.

The page bounds what it answers, before it is sent through a connection that tenants of a shared browser share.
"""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any, Final

from isolatejs.capabilities.browser.arguments import bind_arguments
from isolatejs.limits import BROWSER_PAGE_ERROR_LIMIT_CHARACTERS, BROWSER_VALUE_LIMIT_CHARACTERS
from isolatejs.wire.errors import GuestVisibleError

EVALUATING: Final = {
    "evaluate": 0, "evaluate_handle": 0, "evaluate_all": 0, "wait_for_function": 0, "eval_on_selector": 1,
    "eval_on_selector_all": 1,
}  # fmt: skip
"""Methods that take code for the page, and where."""
_GIVE_HANDLES: Final = frozenset({"evaluate_handle", "wait_for_function"})
_IDENTITY: Final = {"code": "(value) => value", "isFunction": True, "text": '[["u"],[]]', "handles": []}


@cache
def _page_values() -> str:
    """The source of the codec, as an expression."""
    text = resources.files(__package__).joinpath("page_values.js").read_text("utf-8")
    return text[text.index("function pageValues()") :].strip()


def _expression(code: str, *, is_function: bool, gives_handle: bool) -> str:
    """A function for the page around the program's: it reads the argument, and writes the result as text.

    What a handle stands for is described beside it, and errors are sent whole: those are bounded, too.
    """
    function = f"({code}\n)" if is_function else f"(0, eval)({json.dumps(code)})"
    return f"""(...given) => {{
      const limit = {BROWSER_VALUE_LIMIT_CHARACTERS}, errorLimit = {BROWSER_PAGE_ERROR_LIMIT_CHARACTERS};
      const values = ({_page_values()})();
      const {{ t, h }} = given.pop();
      const failed = (error) => {{
        const text = error instanceof Error ? `${{error.message}}${{error.stack}}`
          : typeof error === 'object' ? '' : String(error);
        throw text.length > errorLimit ? new Error(`${{text.slice(0, 200)}}... (${{text.length}} characters)`) : error;
      }};
      const asText = (result) => {{
        let text;
        try {{ text = values.encode(result); }}
        catch (error) {{ return `!Cannot serialize result: ${{error.message}}`; }}
        if (typeof text !== 'string') return '!Cannot serialize result';
        return text.length > limit ? `!the result has more than ${{limit}} characters` : text;
      }};
      const asHandle = (result) => {{
        const text = result instanceof Error ? `${{result.stack}}` : result instanceof RegExp ? result.source
          : typeof result === 'object' ? '' : String(result);
        if (text.length > limit) throw new RangeError(`the result has more than ${{limit}} characters`);
        return result;
      }};
      const done = {"asHandle" if gives_handle else "asText"};
      let result;
      try {{
        const value = values.decode(t, h);
        const called = {function};
        result = typeof called === 'function' ? called(...given, value) : called;
      }} catch (error) {{
        failed(error);
      }}
      return typeof result?.then === 'function' && (done === asText || result instanceof Promise)
        ? Promise.resolve(result).then(done, failed) : done(result);
    }}"""


def exposed_function(name: str, hidden: str) -> str:
    """A script for the page: a function by the program's name, in front of Playwright's by another.

    What it is called with goes as text, too, and is bounded before it is sent.
    """
    return f"""(() => {{
      const binding = globalThis[{json.dumps(hidden)}];
      if (typeof binding !== 'function') return;
      delete globalThis[{json.dumps(hidden)}];
      const limit = {BROWSER_VALUE_LIMIT_CHARACTERS};
      const values = ({_page_values()})();
      globalThis[{json.dumps(name)}] = async (...args) => {{
        const text = values.encode(args);
        if (text.length > limit) throw new RangeError(`the arguments have more than ${{limit}} characters`);
        return values.decode(await binding(text));
      }};
    }})()"""


async def evaluate(target: Any, python: str, args: list[Any], shown: str) -> Any:
    """`target.evaluate(...)` and its like: a handle, or `{"text": ...}` for the guest to read."""
    at = EVALUATING[python]
    packed = args[at] if len(args) > at else None
    if (
        not isinstance(packed, dict)
        or not isinstance(packed.get("code"), str)
        or not isinstance(packed.get("text"), str)
        or not isinstance(packed.get("handles"), list)
    ):
        raise GuestVisibleError("TypeError", f"{shown}: code for the page is needed")
    gives_handle = python in _GIVE_HANDLES
    code = _expression(
        packed["code"], is_function=packed.get("isFunction") is True, gives_handle=gives_handle
    )
    argument = {"t": packed["text"], "h": packed["handles"]}
    bound, keywords = bind_arguments(type(target), python, [*args[:at], code, argument, *args[at + 1 :]])
    result = await getattr(target, python)(*bound, **keywords)
    if gives_handle:
        return result
    if not isinstance(result, str):
        raise GuestVisibleError("Error", f"{shown}: the page gave no result that can be read")
    if result.startswith("!"):
        raise GuestVisibleError("Error", f"{shown}: {result[1:]}")
    return {"text": result}


async def json_value(target: Any, shown: str) -> Any:
    """`handle.jsonValue()`."""
    return await evaluate(target, "evaluate", [_IDENTITY], shown)
