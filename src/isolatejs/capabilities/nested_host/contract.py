"""What a program asks of its nested host. Every resource belongs to the runtime that opened it."""

from __future__ import annotations

from typing import Literal

from isolatejs.wire.message import Call, EncodedValue

ResourceKind = Literal["runtime", "testRuntime", "namespacedRuntime", "appServer"]


class OpenResource(Call, frozen=True):
    """Open a child. `options` is an object as the JavaScript API takes it; answered with its id."""

    kind: ResourceKind
    options: EncodedValue


class UseResource(Call, frozen=True):
    """Call a method of a child; answered with its value. Cancelling the call cancels the method."""

    id: int
    operation: str
    args: EncodedValue


class DisposeNamespace(Call, frozen=True):
    """End a session that this program's nested hosts made; answered with whether there was one."""

    key: str
    reason: str | None = None


class DescribeHost(Call, frozen=True):
    """Counts of the nested hosts; answered with an object."""


TO_HOST = (OpenResource, UseResource, DisposeNamespace, DescribeHost)
TO_GUEST = ()
