"""What crosses for the browser. Playwright objects stay on the host; the guest names them by number."""

from __future__ import annotations

from isolatejs.wire.message import Call, EncodedValue, Message, Note


class Placed(Message):
    """An object, or a function of the program by its number, in the place of a null of an encoded value."""

    path: list[str | int]
    handle: Handle | None = None
    callback: int | None = None


class Step(Message):
    """One step of a chain that makes a locator or names a part: `getByRole("button")`, `keyboard`."""

    name: str
    args: EncodedValue | None = None
    placed: list[Placed] = []


class Handle(Message):
    """An object: a number that the host gave, and steps from there."""

    ref: int
    steps: list[Step] = []


class CallMethod(Call):
    """Call a method of an object with an encoded array of arguments; answered with `Given`."""

    target: Handle
    method: str
    args: EncodedValue | None = None
    placed: list[Placed] = []


class CheckMatcher(Call):
    """One of Playwright's web-first matchers; answered with `MatcherVerdict`."""

    target: Handle
    matcher: str
    negated: bool = False
    args: EncodedValue | None = None
    placed: list[Placed] = []


class SubscribeEvent(Call):
    """Send `EventFired` for an event of an object from now on, or no longer."""

    target: Handle
    event: str
    listening: bool = True


class ObjectsReleased(Note):
    """The guest no longer holds these objects."""

    refs: list[int]


class EventFired(Note):
    """An event of an object. `value` is its payload as in `Given`."""

    ref: int
    event: str
    value: EncodedValue
    objects: list[GivenObject] = []


class GivenObject(Message):
    """An object in a result: where, its number, its class, and what can be read of it without asking."""

    path: list[str | int]
    ref: int
    kind: str
    facts: EncodedValue | None = None


class Given(Message):
    """A result. Objects stand as null in `value` and are listed beside it."""

    value: EncodedValue
    objects: list[GivenObject] = []


class MatcherVerdict(Message):
    """Whether a matcher passed, and Playwright's message when it did not."""

    passed: bool
    message: str = ""


class RunCallback(Call):
    """Call a function of the program with an array of arguments, as in `Given`; answered with its value."""

    callback: int
    args: EncodedValue
    objects: list[GivenObject] = []


TO_HOST = (CallMethod, CheckMatcher, SubscribeEvent, ObjectsReleased)
TO_GUEST = (EventFired, RunCallback)
