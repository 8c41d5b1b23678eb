"""Runs one fuzzer for a time, guided by coverage, and prints what it reached.

    python -m fuzz.run NAME --seconds N [--seed S] [--corpus FOLDER] [--artifacts FOLDER]

Ends with 1 when an input broke an invariant; the input is kept in the artifacts folder, and
`python -m fuzz.run NAME --input FILE` runs it again. `scripts/fuzz` calls this.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
import tempfile
from pathlib import Path

NAMES = ("frames", "inputs", "syscalls")
"""`frames`: messages and values of a guest. `inputs`: texts that parsers of the host read. `syscalls`: the calls
that confinement allows, with generated arguments, from native code behind it."""
SLOWDOWN = 15
"""How much slower instrumented Python is at most; budgets of processor time grow by this."""
LARGEST_INPUT = 64 * 1024


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("name", choices=NAMES)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0, help="0: another one each time")
    parser.add_argument("--corpus", type=Path, help="inputs found earlier; new ones are added")
    parser.add_argument("--artifacts", type=Path, help="where an input that fails is kept")
    parser.add_argument("--input", type=Path, help="run this one input again, without instrumentation")
    options = parser.parse_args()
    if options.name == "syscalls":
        module = importlib.import_module("fuzz.fuzz_syscalls")
        outcome = module.run(options.seconds, options.seed)
        print(json.dumps(outcome, indent=2))
        sys.exit(bool(outcome["found"]))
    if options.input is not None:
        importlib.import_module(f"fuzz.fuzz_{options.name}").fuzz_one(options.input.read_bytes())
        print("the input passes")
        return
    with tempfile.TemporaryDirectory() as folder:
        corpus = options.corpus or Path(folder) / "corpus"
        artifacts = options.artifacts or Path.cwd() / "build" / "fuzz"
        _guided(options.name, options.seconds, options.seed, corpus, artifacts)


def _guided(name: str, seconds: int, seed: int, corpus: Path, artifacts: Path) -> None:
    os.environ["ISOLATEJS_FUZZ_SLOWDOWN"] = str(SLOWDOWN)
    import atheris  # only here: unit tests read the inputs without it

    with atheris.instrument_imports(include=["isolatejs"]):
        module = importlib.import_module(f"fuzz.fuzz_{name}")
    for folder in (corpus, artifacts):
        folder.mkdir(parents=True, exist_ok=True)
    for index, data in enumerate(module.SEEDS):
        (corpus / f"seed-{index}").write_bytes(data)
    atheris.Setup(
        [
            sys.argv[0],
            str(corpus),
            f"-max_total_time={seconds}",
            f"-max_len={LARGEST_INPUT}",
            f"-seed={seed}",
            f"-artifact_prefix={artifacts}/{name}-",
            "-len_control=0",
            "-timeout=120",
            "-rss_limit_mb=4096",
            "-print_final_stats=1",
            "-verbosity=1",
        ],
        module.fuzz_one,
    )
    atheris.Fuzz()


if __name__ == "__main__":
    main()
