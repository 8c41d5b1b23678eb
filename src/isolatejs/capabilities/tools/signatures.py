"""What a Python function says about itself, read once per tool.

`inspect_tool(function)` gives a `ToolSignature`: how JavaScript arguments bind to its parameters, what its
results must be, and what its declaration says.

How arguments bind: one JavaScript argument for one positional Python parameter, in order, without the
parameter called `context` (it receives the HostCallContext). Keyword-only parameters are the properties of
one options object that comes last: `def search(query: str, *, limit: int = 10)` is called as
`search("x", {limit: 5})`. An object is never spread over positional parameters. `*args` takes the remaining
arguments. Trailing `undefined` counts as left out, as a JavaScript default parameter does. More arguments
than parameters are refused.
"""

from __future__ import annotations

import functools
import inspect
import types
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from isolatejs.capabilities.tools.docstrings import ToolDoc, parse_docstring
from isolatejs.capabilities.tools.paths import ToolValueError, is_undefined, path_text, property_path
from isolatejs.capabilities.tools.shapes import PromiseOf, Shape, StreamOf, Unchecked, shape_of
from isolatejs.capabilities.tools.validation import Checker, make_checker
from isolatejs.errors import ConfigurationError
from isolatejs.web.program_log import program_logger

_logger = program_logger("isolatejs.tools")
CONTEXT_PARAMETER: Final = "context"


@dataclass(frozen=True)
class ToolParameter:
    """One parameter that the program supplies."""

    name: str
    shape: Shape
    check: Checker
    required: bool
    default: Any = None
    description: str | None = None


@dataclass(frozen=True)
class ToolSignature:
    """How a program calls a tool. `kind` is "stream" for one that yields, "call" for every other.
    `returns` is the shape of the result, or of one item of a stream.
    """

    name: str
    function: Any
    parameters: tuple[ToolParameter, ...]
    options: tuple[ToolParameter, ...]
    rest: ToolParameter | None
    extra_options: ToolParameter | None
    returns: Shape
    result_checker: Checker
    kind: Literal["call", "stream"]
    takes_context: bool
    doc: ToolDoc

    def bind(self, arguments: list[Any], copies: Sequence[int] = ()) -> tuple[list[Any], dict[str, Any]]:
        """Convert and validate what JavaScript passed; the caller adds `context` to the keywords. `copies` says what
        each shares, as `Arguments` has it.

        Raises ToolValueError with the path of the first wrong part (`greet: args[0].age: expected ...`).
        """
        given = list(arguments)
        while len(given) > len(self.parameters) and is_undefined(given[-1]):
            given.pop()
        options = self._take_options(given)
        if self.rest is None and len(given) > len(self.parameters):
            raise ToolValueError(self._arity_message(len(given)), tool=self.name, path="args")
        positional = [
            self._convert(parameter, given, index, _at(copies, index))
            for index, parameter in enumerate(self.parameters)
        ]
        if self.rest is not None:
            positional += [
                self.rest.check(value, f"args[{index}]", self.name, _at(copies, index))
                for index, value in enumerate(given[len(self.parameters) :], len(self.parameters))
            ]
        return positional, self._convert_options(
            options, _at(copies, len(self.parameters))
        ) if self.takes_options else {}

    def check_result(self, value: Any) -> Any:
        """Validate what a tool of kind "call" returned and give values that cross. Raises ToolValueError."""
        return self.result_checker(value, "result", self.name)

    def check_item(self, value: Any) -> Any:
        """The same for one item of a tool that yields (`kind == "stream"`)."""
        return self.result_checker(value, "item", self.name)

    @functools.cached_property
    def is_typed(self) -> bool:
        """Whether any parameter says what it takes."""
        every = [*self.parameters, *self.options, self.rest, self.extra_options]
        return any(one is not None and not isinstance(one.shape, Unchecked) for one in every)

    @property
    def takes_options(self) -> bool:
        return bool(self.options) or self.extra_options is not None

    def _take_options(self, given: list[Any]) -> dict[str, Any]:
        """Remove the options object, which is the argument after the last positional parameter."""
        if not self.takes_options or len(given) <= len(self.parameters):
            return {}
        index = len(self.parameters)
        options = given.pop(index)
        if options is None or is_undefined(options):
            return {}
        if not isinstance(options, dict):
            raise ToolValueError(
                f"args[{index}]: expected an options object, got {type(options).__name__}",
                tool=self.name,
                path=f"args[{index}]",
            )
        return options

    def _convert(self, parameter: ToolParameter, given: list[Any], index: int, copies: int) -> Any:
        value = given[index] if index < len(given) else _MISSING
        if value is _MISSING or (is_undefined(value) and not parameter.required):
            if parameter.required:
                raise ToolValueError(
                    f"args[{index}]: missing, expected {parameter.name}",
                    tool=self.name,
                    path=f"args[{index}]",
                )
            return parameter.default
        return parameter.check(value, f"args[{index}]", self.name, copies)

    def _convert_options(self, options: dict[str, Any], copies: int) -> dict[str, Any]:
        base = f"args[{len(self.parameters)}]"
        keywords: dict[str, Any] = {}
        known = {option.name for option in self.options}
        for option in self.options:
            value = options.get(option.name, _MISSING)
            path = property_path(base, option.name)
            if value is _MISSING or is_undefined(value):
                if option.required:
                    where = path_text(path)
                    raise ToolValueError(f"{where}: missing", tool=self.name, path=where)
                continue
            keywords[option.name] = option.check(value, path, self.name, copies)
        for name, value in options.items():
            if name in known:
                continue
            path = property_path(base, name)
            if self.extra_options is None or name == CONTEXT_PARAMETER or not isinstance(name, str):
                allowed = ", ".join(sorted(known)) or "none"
                where = path_text(path)
                raise ToolValueError(
                    f"{where}: unknown option, expected one of: {allowed}", tool=self.name, path=where
                )
            keywords[name] = self.extra_options.check(value, path, self.name, copies)
        return keywords

    def _arity_message(self, count: int) -> str:
        most = len(self.parameters)
        least = sum(parameter.required for parameter in self.parameters)
        wanted = str(most) if least == most else f"{least} to {most}"
        noun = "argument" if wanted == "1" else "arguments"
        if self.takes_options:
            return f"expected {wanted} {noun} and options, got {count + 1}"
        return f"expected {wanted} {noun}, got {count}"


def _at(copies: Sequence[int], index: int) -> int:
    return copies[index] if index < len(copies) else 0


class _Missing:
    pass


_MISSING: Final = _Missing()


def inspect_tool(function: Any, *, name: str | None = None) -> ToolSignature:
    """Read the signature, annotations and docstring of a callable.

    Raises ConfigurationError when it is not callable or when its parameters cannot be supplied by a program.
    An annotation that cannot be resolved leaves its parameter unchecked, and a warning is logged.
    """
    if name is None:
        name = str(getattr(function, "__name__", type(function).__name__))
    if not callable(function):
        raise ConfigurationError(f"tool {name!r} is not callable: got {type(function).__name__}")
    try:
        signature = inspect.signature(function)
    except (ValueError, TypeError):
        return _unknown_signature(name, function)
    hints = _Annotations(function, name)
    doc = parse_docstring(inspect.getdoc(_innermost(function)))
    parameters: list[ToolParameter] = []
    options: list[ToolParameter] = []
    rest = extra_options = None
    takes_context = False
    for parameter in signature.parameters.values():
        if parameter.name == CONTEXT_PARAMETER and parameter.kind not in _VARIADIC:
            if parameter.kind is inspect.Parameter.POSITIONAL_ONLY:
                raise ConfigurationError(
                    f"tool {name!r}: `context` is passed by name and cannot be positional-only"
                )
            takes_context = True
            continue
        shape = shape_of(hints.resolve(parameter.annotation))
        tool_parameter = ToolParameter(
            name=parameter.name,
            shape=shape,
            check=make_checker(shape),
            required=parameter.default is inspect.Parameter.empty,
            default=None if parameter.default is inspect.Parameter.empty else parameter.default,
            description=doc.parameters.get(parameter.name),
        )
        if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
            rest = tool_parameter
        elif parameter.kind is inspect.Parameter.VAR_KEYWORD:
            extra_options = tool_parameter
        elif parameter.kind is inspect.Parameter.KEYWORD_ONLY:
            options.append(tool_parameter)
        elif takes_context and tool_parameter.required:
            raise ConfigurationError(
                f"tool {name!r}: `context` has to come after the parameters of the program"
            )
        else:
            parameters.append(tool_parameter)
    if rest is not None and (options or extra_options is not None):
        raise ConfigurationError(
            f"tool {name!r} has both *{rest.name} and keyword-only parameters: a program could not say "
            "where the arguments end and the options begin"
        )
    returns = shape_of(hints.resolve(signature.return_annotation))
    streams = _yields(function) or isinstance(returns, StreamOf)
    if isinstance(returns, PromiseOf):
        returns = returns.value
    if streams:
        returns = returns.item if isinstance(returns, StreamOf) else Unchecked()
    return ToolSignature(
        name=name,
        function=function,
        parameters=tuple(parameters),
        options=tuple(options),
        rest=rest,
        extra_options=extra_options,
        returns=returns,
        result_checker=make_checker(returns, outward=True),
        kind="stream" if streams else "call",
        takes_context=takes_context,
        doc=doc,
    )


_VARIADIC: Final = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def _unknown_signature(name: str, function: Any) -> ToolSignature:
    """A built-in without a readable signature takes whatever it is given."""
    return ToolSignature(
        name=name,
        function=function,
        parameters=(),
        options=(),
        rest=ToolParameter("args", Unchecked(), make_checker(Unchecked()), required=False),
        extra_options=None,
        returns=Unchecked(),
        result_checker=make_checker(Unchecked(), outward=True),
        kind="call",
        takes_context=False,
        doc=parse_docstring(getattr(function, "__doc__", None)),
    )


def _innermost(function: Any) -> Any:
    """The function that carries the body, annotations and docstring."""
    while isinstance(function, functools.partial):
        function = function.func
    function = inspect.unwrap(function)
    if isinstance(function, types.FunctionType | types.MethodType | types.BuiltinFunctionType):
        return function
    if isinstance(function, type):
        return vars(function).get("__init__", function)
    return type(function).__call__


def _yields(function: Any) -> bool:
    inner = _innermost(function)
    return inspect.isasyncgenfunction(inner) or inspect.isgeneratorfunction(inner)


class _Annotations:
    """Resolves annotations one by one, so that one unresolvable name costs only its own parameter."""

    def __init__(self, function: Any, tool: str) -> None:
        inner = _innermost(function)
        plain = inner.__func__ if isinstance(inner, types.MethodType) else inner
        self._tool = tool
        self._globals: dict[str, Any] = getattr(plain, "__globals__", {})
        self._locals: dict[str, Any] = {}
        code = getattr(plain, "__code__", None)
        for cell_name, cell in zip(
            getattr(code, "co_freevars", ()), getattr(plain, "__closure__", None) or (), strict=False
        ):
            try:
                self._locals[cell_name] = cell.cell_contents
            except ValueError:  # the enclosing function has not assigned it yet
                continue

    def resolve(self, annotation: Any) -> Any:
        if annotation in (inspect.Parameter.empty, inspect.Signature.empty):
            return Any
        if not isinstance(annotation, str):
            return annotation
        try:
            # The embedder's own source text, evaluated as typing.get_type_hints would.
            return eval(annotation, self._globals, self._locals)
        except (NameError, AttributeError, TypeError, SyntaxError):
            _logger.warning(
                "tool %s: the annotation %r cannot be resolved and is not checked", self._tool, annotation
            )
            return Any
