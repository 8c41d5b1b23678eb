"""The tests of Jest's that do not apply, each with its reason. One that passes all the same is a failure."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Exceptions:
    """Tests of one file: full names that match `pattern` from the start to the end."""

    file: str
    pattern: str
    reason: str

    def hold(self, file: str, full_name: str) -> bool:
        return file.endswith(self.file) and re.fullmatch(self.pattern, full_name, re.DOTALL) is not None


EXCEPTIONS = (
    # Jest 30 differs from the version whose tests these are; ours follows Jest 30.
    Exceptions(
        "expect/src/__tests__/asymmetricMatchers.test.ts",
        r"Object(Not)?Containing matches",
        "since Jest 30, objectContaining({}) does not match undefined",
    ),
    Exceptions(
        "expect/src/__tests__/matchers.test.js",
        r"\.resolves > fails non-promise value .*",
        "since Jest 30, the message says that a function returning a promise is welcome too",
    ),
    # Ours differs on purpose.
    Exceptions(
        "expect/src/__tests__/matchers.test.js",
        r"should throw if passed two arguments",
        "the second argument of expect() is a message for the failure, as in Vitest",
    ),
    Exceptions(
        "expect/src/__tests__/spyMatchers.test.ts",
        r"\w+ > works with (arguments that match with matchers"
        r"|trailing undefined arguments when explicitly requested as optional by matcher)",
        'Jest prints the index and the list of a call as if they were its arguments: 0, ["foo", "bar"]',
    ),
    # Colours: our messages have none.
    Exceptions(
        "jest-matcher-utils/src/__tests__/index.test.ts",
        r"matcherHint > (expectedColor|receivedColor|secondArgumentColor)",
        "asks for a colour",
    ),
    Exceptions(
        "jest-matcher-utils/src/__tests__/printDiffOrStringify.test.ts",
        r"printDiffOrStringify > MAX_DIFF_STRING_LENGTH > .*",
        "tells the two diffs from each other by a colour",
    ),
    # About the inside of Jest.
    Exceptions(
        "expect/src/__tests__/extend.test.ts",
        r"exposes matcherUtils in context",
        "assigns to a module's namespace, which only modules compiled to CommonJS allow",
    ),
    Exceptions(
        "expect-utils/src/__tests__/utils.test.ts", r"emptyObject\(\) > .*", "ours has no such function"
    ),
    Exceptions(
        "jest-matcher-utils/src/__tests__/index.test.ts",
        r"diff > forwards to jest-diff",
        "mocks the package jest-diff, which ours has not",
    ),
    Exceptions(
        "jest-mock/src/__tests__/index.test.ts",
        r"moduleMocker > getMetadata > (?!does not return broken name property).*",
        "the description from which Jest makes automatic mocks; ours makes them from the value",
    ),
    Exceptions(
        "jest-mock/src/__tests__/index.test.ts",
        r"moduleMocker > generateFromMetadata > fixes illegal function name properties",
        "Jest makes functions by eval, so their names have to be identifiers; ours keep theirs",
    ),
    Exceptions(
        "jest-mock/src/__tests__/index.test.ts",
        r"moduleMocker > generateFromMetadata > invocationCallOrder > (tracks|supports) .*",
        "takes the first call of a new ModuleMocker for number one; ours counts for all mocks of a runtime",
    ),
)
