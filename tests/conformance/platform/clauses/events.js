// The DOM standard (https://dom.spec.whatwg.org/): events and aborting.

clause(
  "DOM 2.7: listeners run in the order they were added, a second addition of the same is ignored",
  () => {
    const target = new EventTarget();
    const log = [];
    const one = () => log.push("one");
    target.addEventListener("x", one);
    target.addEventListener("x", () => log.push("two"));
    target.addEventListener("x", one);
    target.addEventListener("x", { handleEvent: (event) => log.push(event.type) });
    equal(target.dispatchEvent(new Event("x")), true);
    equal(log, ["one", "two", "x"]);
  },
);

clause("DOM 2.7: once removes a listener before it runs, a signal removes it when it is aborted", () => {
  const target = new EventTarget();
  const controller = new AbortController();
  let once = 0, signalled = 0;
  target.addEventListener("x", () => {
    once++;
    if (once === 1) target.dispatchEvent(new Event("x"));
  }, { once: true });
  target.addEventListener("x", () => signalled++, { signal: controller.signal });
  target.dispatchEvent(new Event("x"));
  controller.abort();
  target.dispatchEvent(new Event("x"));
  equal([once, signalled], [1, 2]);
});

clause("DOM 2.9: preventDefault counts only for cancelable events and not in passive listeners", () => {
  const dispatch = (init, options) => {
    const target = new EventTarget();
    target.addEventListener("x", (event) => event.preventDefault(), options);
    return target.dispatchEvent(new Event("x", init));
  };
  equal(dispatch({ cancelable: true }), false);
  equal(dispatch({ cancelable: false }), true);
  equal(dispatch({ cancelable: true }, { passive: true }), true);
});

clause(
  "DOM 2.9: stopImmediatePropagation keeps later listeners from running; removeEventListener as well",
  () => {
    const target = new EventTarget();
    const log = [];
    const last = () => log.push("last");
    target.addEventListener("x", (event) => {
      log.push("first");
      event.stopImmediatePropagation();
    });
    target.addEventListener("x", last);
    target.dispatchEvent(new Event("x"));
    target.removeEventListener("x", last);
    target.dispatchEvent(new Event("x"));
    equal(log, ["first", "first"]);
  },
);

clause("DOM 2.7: an event that is being dispatched cannot be dispatched again", () => {
  const target = new EventTarget();
  let found;
  target.addEventListener("x", (event) => {
    try {
      target.dispatchEvent(event);
    } catch (error) {
      found = error.name;
    }
  });
  target.dispatchEvent(new Event("x"));
  equal(found, "InvalidStateError");
});

clause("DOM 2.2 and 2.4: events know their target and phase; CustomEvent carries its detail", () => {
  const target = new EventTarget();
  let seen;
  target.addEventListener("x", (event) => {
    seen = [event.target === target, event.eventPhase, event.detail, event.isTrusted, event.bubbles];
  });
  const event = new CustomEvent("x", { detail: { a: 1 }, bubbles: true });
  target.dispatchEvent(event);
  equal(seen, [true, Event.AT_TARGET, { a: 1 }, false, true]);
  equal(event.eventPhase, Event.NONE);
});

clause("DOM 3.1: abort gives the reason, an AbortError when none is given, and fires once", () => {
  const controller = new AbortController();
  let fired = 0;
  controller.signal.onabort = () => fired++;
  equal([controller.signal.aborted, controller.signal.reason], [false, undefined]);
  controller.signal.throwIfAborted();
  controller.abort();
  controller.abort("again");
  equal([controller.signal.aborted, controller.signal.reason.name, fired], [true, "AbortError", 1]);
  throws("AbortError", () => controller.signal.throwIfAborted());
  equal(AbortSignal.abort("why").reason, "why");
});

clause("DOM 3.2: AbortSignal.timeout aborts with a TimeoutError", async () => {
  const signal = AbortSignal.timeout(1);
  await new Promise((resolve) => signal.addEventListener("abort", resolve));
  equal([signal.reason.name, signal.reason instanceof DOMException], ["TimeoutError", true]);
});

clause("DOM 3.2: AbortSignal.any follows whichever is first, also one that is aborted already", () => {
  const [one, two] = [new AbortController(), new AbortController()];
  const any = AbortSignal.any([one.signal, AbortSignal.any([two.signal])]);
  equal(any.aborted, false);
  two.abort("two");
  one.abort("one");
  equal([any.aborted, any.reason], [true, "two"]);
  equal(AbortSignal.any([AbortSignal.abort("done"), one.signal]).reason, "done");
});

clause("DOM 3.1: neither signals nor events can be forged by their constructors", () => {
  throws(TypeError, () => new AbortSignal());
  throws(TypeError, () => new Event());
});

clause("Web IDL 2.8.1: DOMException has names with legacy codes, and is an Error", () => {
  const error = new DOMException("message", "NotFoundError");
  equal([error.name, error.message, error.code, error instanceof Error], [
    "NotFoundError",
    "message",
    8,
    true,
  ]);
  equal([new DOMException().name, new DOMException("", "Own").code], ["Error", 0]);
});
