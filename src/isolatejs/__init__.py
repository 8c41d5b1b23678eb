"""Run JavaScript and TypeScript nobody has vetted, in isolated V8 sandboxes.

    from isolatejs import create_isolate_host

    async with create_isolate_host() as host:
        async with host.create_runtime(bindings={"tools": {"greet": lambda name: f"hello {name}"}}) as runtime:
            print(await runtime.eval("await greet('world')"))

`isolatejs.sync` is the same without asyncio, and `isolatejs.run("1 + 1")` is one program in one call.
Importing this package starts nothing; every name is loaded when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOMES = {
    "isolatejs.host.isolate_host": ("IsolateHost", "create_isolate_host"),
    "isolatejs.host.bindings": ("Bindings",),
    "isolatejs.host.script_runtime": ("ScriptRuntime",),
    "isolatejs.host.app_server": ("AppServer",),
    "isolatejs.host.test_suite_runtime": ("TestRuntime",),
    "isolatejs.capabilities.testing.results": (
        "SuiteResult",
        "TestCase",
        "TestError",
        "TestEvent",
        "TestResult",
        "TestRunResult",
    ),
    "isolatejs.host.app_server_result": ("ResponseResult", "WebSocketResult"),
    "isolatejs.capabilities.serve.bindings": ("WebSocketBindings", "WebSocketCommand"),
    "isolatejs.host.namespaced_runtime": ("NamespacedRuntime",),
    "isolatejs.daemon.autostart": ("DaemonOptions",),
    "isolatejs.host.one_shot": ("run",),
    "isolatejs.capabilities.browser.bindings": ("BrowserBindings",),
    "isolatejs.capabilities.call_context": ("HostCallContext",),
    "isolatejs.capabilities.nested_host.bindings": ("NestedHostPolicy",),
    "isolatejs.capabilities.console.bindings": ("ConsoleBindings", "ConsoleEntry"),
    "isolatejs.capabilities.fetch.policy.binding": ("FetchBinding", "create_fetch_binding"),
    "isolatejs.capabilities.modules.bindings": ("ModuleResolver", "create_module_resolver"),
    "isolatejs.capabilities.modules.module_source": ("ModuleSource",),
    "isolatejs.capabilities.modules.progress": ("ModuleProgress",),
    "isolatejs.capabilities.modules.source_rule": ("SourceRule",),
    "isolatejs.web": (
        "AbortController",
        "AbortSignal",
        "Blob",
        "File",
        "FormData",
        "Headers",
        "Request",
        "Response",
    ),
    "isolatejs.web.values": (
        "HOLE",
        "UNDEFINED",
        "URL",
        "ArrayBuffer",
        "BigInt",
        "JSDate",
        "JSError",
        "JSMap",
        "JSSet",
        "RegExp",
        "TypedArray",
    ),
    "isolatejs.typechecking.check": ("TypecheckResult", "typecheck", "typecheck_async"),
    "isolatejs.typechecking.diagnostics": ("TypecheckDiagnostic",),
    "isolatejs.typechecking.formatting": ("format_typecheck_errors",),
    "isolatejs.typechecking.profiles": ("TypeProfile", "get_type_profile"),
    "isolatejs.capabilities.files.bindings": (
        "FileBindings",
        "MemoryFiles",
        "create_file_bindings",
        "fsspec_files",
    ),
    "isolatejs.capabilities.tools.declarations": ("tool_types",),
    "isolatejs.errors": (
        "AbortError",
        "ConfigurationError",
        "ConfinementError",
        "DaemonError",
        "ExecutionTimeoutError",
        "FetchError",
        "GuestError",
        "GuestProtocolError",
        "IsolateError",
        "LimitError",
        "MemoryLimitError",
        "ModuleResolutionError",
        "NamespaceBusyError",
        "OutputLimitError",
        "QuotaExceededError",
        "RuntimeDisposedError",
        "SandboxCrashedError",
        "SandboxStartError",
        "SignalTimeoutError",
        "TypecheckError",
        "ValueEncodingError",
    ),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = sorted([*_HOME_OF, "__version__"])


def __getattr__(name: str) -> Any:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module 'isolatejs' has no attribute {name!r}")
    value = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME_OF})


if TYPE_CHECKING:
    from isolatejs.capabilities.browser.bindings import BrowserBindings as BrowserBindings
    from isolatejs.capabilities.call_context import HostCallContext as HostCallContext
    from isolatejs.capabilities.console.bindings import ConsoleBindings as ConsoleBindings
    from isolatejs.capabilities.console.bindings import ConsoleEntry as ConsoleEntry
    from isolatejs.capabilities.fetch.policy.binding import FetchBinding as FetchBinding
    from isolatejs.capabilities.fetch.policy.binding import create_fetch_binding as create_fetch_binding
    from isolatejs.capabilities.files.bindings import FileBindings as FileBindings
    from isolatejs.capabilities.files.bindings import MemoryFiles as MemoryFiles
    from isolatejs.capabilities.files.bindings import create_file_bindings as create_file_bindings
    from isolatejs.capabilities.files.bindings import fsspec_files as fsspec_files
    from isolatejs.capabilities.modules.bindings import ModuleResolver as ModuleResolver
    from isolatejs.capabilities.modules.bindings import create_module_resolver as create_module_resolver
    from isolatejs.capabilities.modules.module_source import ModuleSource as ModuleSource
    from isolatejs.capabilities.modules.progress import ModuleProgress as ModuleProgress
    from isolatejs.capabilities.modules.source_rule import SourceRule as SourceRule
    from isolatejs.capabilities.nested_host.bindings import NestedHostPolicy as NestedHostPolicy
    from isolatejs.capabilities.serve.bindings import WebSocketBindings as WebSocketBindings
    from isolatejs.capabilities.serve.bindings import WebSocketCommand as WebSocketCommand
    from isolatejs.capabilities.testing.results import SuiteResult as SuiteResult
    from isolatejs.capabilities.testing.results import TestCase as TestCase
    from isolatejs.capabilities.testing.results import TestError as TestError
    from isolatejs.capabilities.testing.results import TestEvent as TestEvent
    from isolatejs.capabilities.testing.results import TestResult as TestResult
    from isolatejs.capabilities.testing.results import TestRunResult as TestRunResult
    from isolatejs.capabilities.tools.declarations import tool_types as tool_types
    from isolatejs.daemon.autostart import DaemonOptions as DaemonOptions
    from isolatejs.errors import AbortError as AbortError
    from isolatejs.errors import ConfigurationError as ConfigurationError
    from isolatejs.errors import ConfinementError as ConfinementError
    from isolatejs.errors import DaemonError as DaemonError
    from isolatejs.errors import ExecutionTimeoutError as ExecutionTimeoutError
    from isolatejs.errors import FetchError as FetchError
    from isolatejs.errors import GuestError as GuestError
    from isolatejs.errors import GuestProtocolError as GuestProtocolError
    from isolatejs.errors import IsolateError as IsolateError
    from isolatejs.errors import LimitError as LimitError
    from isolatejs.errors import MemoryLimitError as MemoryLimitError
    from isolatejs.errors import ModuleResolutionError as ModuleResolutionError
    from isolatejs.errors import NamespaceBusyError as NamespaceBusyError
    from isolatejs.errors import OutputLimitError as OutputLimitError
    from isolatejs.errors import QuotaExceededError as QuotaExceededError
    from isolatejs.errors import RuntimeDisposedError as RuntimeDisposedError
    from isolatejs.errors import SandboxCrashedError as SandboxCrashedError
    from isolatejs.errors import SandboxStartError as SandboxStartError
    from isolatejs.errors import SignalTimeoutError as SignalTimeoutError
    from isolatejs.errors import TypecheckError as TypecheckError
    from isolatejs.errors import ValueEncodingError as ValueEncodingError
    from isolatejs.host.app_server import AppServer as AppServer
    from isolatejs.host.app_server_result import ResponseResult as ResponseResult
    from isolatejs.host.app_server_result import WebSocketResult as WebSocketResult
    from isolatejs.host.bindings import Bindings as Bindings
    from isolatejs.host.isolate_host import IsolateHost as IsolateHost
    from isolatejs.host.isolate_host import create_isolate_host as create_isolate_host
    from isolatejs.host.namespaced_runtime import NamespacedRuntime as NamespacedRuntime
    from isolatejs.host.one_shot import run as run
    from isolatejs.host.script_runtime import ScriptRuntime as ScriptRuntime
    from isolatejs.host.test_suite_runtime import TestRuntime as TestRuntime
    from isolatejs.typechecking.check import TypecheckResult as TypecheckResult
    from isolatejs.typechecking.check import typecheck as typecheck
    from isolatejs.typechecking.check import typecheck_async as typecheck_async
    from isolatejs.typechecking.diagnostics import TypecheckDiagnostic as TypecheckDiagnostic
    from isolatejs.typechecking.formatting import format_typecheck_errors as format_typecheck_errors
    from isolatejs.typechecking.profiles import TypeProfile as TypeProfile
    from isolatejs.typechecking.profiles import get_type_profile as get_type_profile
    from isolatejs.web import AbortController as AbortController
    from isolatejs.web import AbortSignal as AbortSignal
    from isolatejs.web import Blob as Blob
    from isolatejs.web import File as File
    from isolatejs.web import FormData as FormData
    from isolatejs.web import Headers as Headers
    from isolatejs.web import Request as Request
    from isolatejs.web import Response as Response
    from isolatejs.web.values import HOLE as HOLE
    from isolatejs.web.values import UNDEFINED as UNDEFINED
    from isolatejs.web.values import URL as URL
    from isolatejs.web.values import ArrayBuffer as ArrayBuffer
    from isolatejs.web.values import BigInt as BigInt
    from isolatejs.web.values import JSDate as JSDate
    from isolatejs.web.values import JSError as JSError
    from isolatejs.web.values import JSMap as JSMap
    from isolatejs.web.values import JSSet as JSSet
    from isolatejs.web.values import RegExp as RegExp
    from isolatejs.web.values import TypedArray as TypedArray
