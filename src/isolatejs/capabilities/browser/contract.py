"""What crosses for the browser. Playwright objects stay on the host; the guest names them by number."""

from __future__ import annotations

from typing import ClassVar

from isolatejs.wire.message import Call, Door, EncodedValue, Message, Note, Number


class Placed(Message, frozen=True):
    """An object, or a function of the program by its number, in the place of a null of an encoded value."""

    path: tuple[str | Number, ...]
    handle: Handle | None = None
    callback: Number | None = None


class Step(Message, frozen=True):
    """One step of a chain that makes a locator or names a part: `getByRole("button")`, `keyboard`."""

    name: str
    args: EncodedValue | None = None
    placed: tuple[Placed, ...] = ()


class Handle(Message, frozen=True):
    """An object: a number that the host gave, and steps from there."""

    ref: Number
    steps: tuple[Step, ...] = ()


class CallMethod(Call, frozen=True):
    """Call a method of an object with an encoded array of arguments; answered with `Given`."""

    target: Handle
    method: str
    args: EncodedValue | None = None
    placed: tuple[Placed, ...] = ()


class CheckMatcher(Call, frozen=True):
    """One of Playwright's web-first matchers; answered with `MatcherVerdict`."""

    target: Handle
    matcher: str
    negated: bool = False
    args: EncodedValue | None = None
    placed: tuple[Placed, ...] = ()


class SubscribeEvent(Call, frozen=True):
    """Send `EventFired` for an event of an object from now on, or no longer."""

    target: Handle
    event: str
    listening: bool = True


class ObjectsReleased(Note, frozen=True):
    """The guest no longer holds these objects: their numbers, and how often it had been given each.

    An object that was given once more meanwhile is still held.
    """

    released: list[tuple[Number, Number]]


class EventFired(Note, frozen=True):
    """An event of an object. `value` is its payload as in `Given`."""

    ref: Number
    event: str
    value: EncodedValue
    objects: tuple[GivenObject, ...] = ()


class GivenObject(Message, frozen=True):
    """An object in a result: where, its number, its class, and what can be read of it without asking."""

    path: tuple[str | Number, ...]
    ref: Number
    kind: str
    facts: EncodedValue | None = None


class Given(Message, frozen=True):
    """A result. Objects stand as null in `value` and are listed beside it."""

    value: EncodedValue
    objects: tuple[GivenObject, ...] = ()


class MatcherVerdict(Message, frozen=True):
    """Whether a matcher passed, and Playwright's message when it did not."""

    passed: bool
    message: str = ""


class RunCallback(Call, frozen=True):
    """Call a function of the program with an array of arguments, as in `Given`; answered with its value."""

    door: ClassVar[Door] = Door.WAIT
    """A page that closes gives up what it has called, which is no cancellation of the embedder's."""
    callback: Number
    args: EncodedValue
    objects: tuple[GivenObject, ...] = ()
    listener: bool = False
    """What it throws is reported as by a listener, and it is answered with nothing."""


class UrlQuestion(Message, frozen=True):
    """Which of these routes of the program take this URL?"""

    url: str
    routes: tuple[Number, ...]


class MatchUrls(Call, frozen=True):
    """Match URLs against the program's patterns; answered with a list of route numbers for each."""

    door: ClassVar[Door] = Door.WAIT
    questions: list[UrlQuestion]


TO_HOST = (CallMethod, CheckMatcher, SubscribeEvent, ObjectsReleased)
TO_GUEST = (EventFired, RunCallback, MatchUrls)
