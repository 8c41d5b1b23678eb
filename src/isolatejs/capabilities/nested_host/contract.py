"""What a program asks of its nested hosts. Every child belongs to the runtime whose program created it.

`host` is the number of one `createIsolateHost()` of the program, `id` that of a child. Whatever the program gives its
children crosses as functions of the program, each with whether it wants a call context as its last argument.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from isolatejs.limits import NAMESPACE_KEY_LIMIT_CHARACTERS, NESTED_NAME_LIMIT_CHARACTERS
from isolatejs.wire.message import Call, EncodedValue

Number = Annotated[int, msgspec.Meta(ge=1, le=2**53 - 1)]
Milliseconds = Annotated[float, msgspec.Meta(gt=0, le=2**53 - 1)]
Megabytes = Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]
Count = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
Name = Annotated[str, msgspec.Meta(max_length=NESTED_NAME_LIMIT_CHARACTERS)]
"""What the host remembers for as long as a child lives, or longer."""
SessionKey = Annotated[
    str, msgspec.Meta(min_length=1, max_length=NAMESPACE_KEY_LIMIT_CHARACTERS // 2, pattern=r"^[^\x00]*$")
]


class ChildPolicy(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel", omit_defaults=True
):
    """What a child's own nested hosts may do. Fields that are left out are as small as the parent's."""

    fetch: Literal["inherit", "disabled"] | None = None
    max_total_resources: Count | None = None
    max_runtimes: Count | None = None
    max_app_servers: Count | None = None
    max_memory_limit_mb: Count | None = None
    max_total_memory_mb: Megabytes | None = None
    max_execution_timeout_ms: Milliseconds | None = None
    max_app_server_lifetime_ms: Milliseconds | None = None


class ChildOptions(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel", omit_defaults=True
):
    """The options that every kind of child has. `nested_host` is False for a child that may not nest."""

    bindings: EncodedValue
    cwd: Name = "/"
    key: Name | None = None
    memory_limit_mb: Megabytes | None = None
    execution_timeout_ms: Milliseconds | None = None
    nested_host: ChildPolicy | bool = True


class OpenRuntime(Call, frozen=True):
    """Create a script runtime; answered with its id and runtime id."""

    host: Number
    options: ChildOptions


class OpenTestRuntime(Call, frozen=True):
    """Create a test runtime; answered with its id and runtime id."""

    host: Number
    options: ChildOptions


class OpenSession(Call, frozen=True):
    """Create a namespaced session or take it up again; answered with its id and runtime id."""

    host: Number
    key: SessionKey
    options: ChildOptions


class OpenServer(Call, frozen=True):
    """Create an app server; answered with its id and key. `on_command` is a function of the program."""

    host: Number
    options: ChildOptions
    entry: Name | None = None
    code: str | None = None
    entry_filename: Name | None = None
    on_command: EncodedValue | None = None


class EvaluateCode(Call, frozen=True):
    """Run a program in a runtime or session; answered with its value. Cancelling the call cancels the program."""

    id: Number
    code: str
    filename: Name | None = None
    execution_timeout_ms: Milliseconds | None = None


class RunTests(Call, frozen=True):
    """Run a test suite in a test runtime or session; answered with its result."""

    id: Number
    code: str
    filename: Name | None = None
    timeout_ms: Milliseconds | None = None


class WatchTests(Call, frozen=True):
    """Tell a function of the program each event of test runs; answered with the number of the listener."""

    id: Number
    handler: EncodedValue


class WatchEvent(Call, frozen=True):
    """Tell a function of the program each event of this name; answered with the number of the listener."""

    id: Number
    name: Name
    handler: EncodedValue


class StopWatching(Call, frozen=True):
    """End a listener."""

    id: Number
    listener: Number


class EmitEvent(Call, frozen=True):
    """Emit an event to the child's program; answered when its handlers have been called."""

    id: Number
    name: Name
    payload: EncodedValue


class HandleRequest(Call, frozen=True):
    """Let an app server answer a Request; answered with its Response, or with the facts of a WebSocket."""

    id: Number
    request: EncodedValue
    metadata: EncodedValue
    request_id: Name | None = None


class ReloadServer(Call, frozen=True):
    """Put a fresh sandbox in the place of an app server's current one."""

    id: Number
    reason: Name | None = None


class OpenSocket(Call, frozen=True):
    """Tell an app server that the handshake of one of its WebSockets is done."""

    id: Number
    connection: Name


class SendMessage(Call, frozen=True):
    """Tell an app server of a message on one of its WebSockets: text or bytes."""

    id: Number
    connection: Name
    data: EncodedValue


class CloseSocket(Call, frozen=True):
    """Tell an app server that one of its WebSockets was closed."""

    id: Number
    connection: Name
    code: Count = 1000
    reason: str = ""


class FailSocket(Call, frozen=True):
    """Tell an app server of an error of one of its WebSockets."""

    id: Number
    connection: Name
    message: str


class DescribeChild(Call, frozen=True):
    """Diagnostics of a child; answered with an object."""

    id: Number


class DisposeChild(Call, frozen=True):
    """End a child; a session is put aside unless `hard`. One that is gone already is no error."""

    id: Number
    hard: bool = False
    reason: Name | None = None


class DisposeNamespace(Call, frozen=True):
    """End a session that this nested host made; answered with whether there was one."""

    host: Number
    key: SessionKey
    reason: Name | None = None


class DescribeHost(Call, frozen=True):
    """Counts of a nested host; answered with an object."""

    host: Number


class CloseHost(Call, frozen=True):
    """End all that a nested host has created, the sessions that are put aside included."""

    host: Number


TO_HOST = (
    OpenRuntime,
    OpenTestRuntime,
    OpenSession,
    OpenServer,
    EvaluateCode,
    RunTests,
    WatchTests,
    WatchEvent,
    StopWatching,
    EmitEvent,
    HandleRequest,
    ReloadServer,
    OpenSocket,
    SendMessage,
    CloseSocket,
    FailSocket,
    DescribeChild,
    DisposeChild,
    DisposeNamespace,
    DescribeHost,
    CloseHost,
)
TO_GUEST = ()
