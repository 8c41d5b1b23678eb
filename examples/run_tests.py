"""Run a test file in a sandbox, follow its events, and look at what failed."""

from __future__ import annotations

import asyncio

from isolatejs import TestEvent, create_isolate_host

TEST_FILE = """
import { describe, expect, test } from "vitest";

describe("cart", () => {
  const total = (prices: number[]) => prices.reduce((sum, price) => sum + price, 0);

  test("adds prices", () => {
    expect(total([1, 2, 3])).toBe(6);
  });

  test("has no rounding errors", () => {
    expect(total([0.1, 0.2])).toBe(0.3);
  });
});
"""


def on_event(event: TestEvent) -> None:
    if event.type == "testEnd" and event.test is not None:
        print("done", event.test.full_name)


async def main() -> None:
    async with create_isolate_host() as host, host.create_test_runtime(key="example") as tests:
        tests.test.on_event(on_event)
        result = await tests.run(TEST_FILE, filename="/cart.test.ts", timeout_ms=1_000)
    print(f"{result.passed} passed, {result.failed} failed")
    for test in result.tests:
        if test.error is not None:
            print(f"{test.full_name}: {test.error.filename}:{test.error.line}\n{test.error.message}")


if __name__ == "__main__":
    asyncio.run(main())
