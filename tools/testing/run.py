#!/usr/bin/env python3
"""Builds and runs the tests as stages and adds up their cases; started by ./test.

A stage is one of
  * format, tidy           the checks of this repository's text
  * unit, pg, system       the programs ctest knows, by label (system: every other label)
  * web                    web/check
  * tests/<name>/run       any such program, and tests/security/attack/run
A stage that is not ctest may end its output with "N passed, M failed"; without that line it counts as one case. A case
that was skipped counts as failed: what a machine cannot test, it has not tested.
"""
import dataclasses
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import threading
import time
import xml.etree.ElementTree as xml

ROOT = pathlib.Path(__file__).resolve().parents[2]
PRESET = os.environ.get("PRESET", "release")
BUILD = ROOT / "build" / PRESET
RESULTS = BUILD / "test-results"
# A stage that hangs must not hold the others back. Sanitizers make one about five times as slow (tools/sanitize).
STAGE_MINUTES_MAX = 100 if PRESET in ("asan", "tsan") else 20
SUMMARY = re.compile(r"^(\d+) passed, (\d+) failed$")


@dataclasses.dataclass
class Outcome:
    stage: str
    passed: int = 0
    failed: int = 0
    seconds: float = 0
    notes: list[str] = dataclasses.field(default_factory=list)


def say(text: str) -> None:
    print(text, flush=True)


def stream(command: list[str], log: pathlib.Path, environment: dict[str, str]) -> tuple[int, list[str]]:
    """Runs a command, shows and keeps its output. Returns its exit code and the lines."""
    lines: list[str] = []
    start = time.monotonic()
    with log.open("w") as kept:
        child = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE,
                                 stderr=subprocess.STDOUT, text=True, errors="replace", start_new_session=True)
        watchdog = threading.Timer(STAGE_MINUTES_MAX * 60, end_group, [child.pid])
        watchdog.start()
        try:
            assert child.stdout
            for line in child.stdout:
                kept.write(line)
                lines.append(line.rstrip("\n"))
                say("  " + lines[-1])
            code = child.wait()
        finally:
            watchdog.cancel()
            if child.poll() is None:
                end_group(child.pid)
    if code < 0 and time.monotonic() - start >= STAGE_MINUTES_MAX * 60:
        lines.append(f"ended after {STAGE_MINUTES_MAX} minutes")
    return code, lines


def end_group(pid: int) -> None:
    try:
        os.killpg(pid, 9)
    except ProcessLookupError:
        pass


def run_program(stage: str, command: list[str]) -> Outcome:
    folder = RESULTS / stage
    folder.mkdir(parents=True, exist_ok=True)
    environment = os.environ | {"WEFT_BIN": str(BUILD / "bin" / "weft"), "WEFT_BUILD": str(BUILD),
                                "WEFT_ARTIFACTS": str(folder)}
    code, lines = stream(command, folder / "output.log", environment)
    outcome = Outcome(stage)
    counts = [m for m in map(SUMMARY.match, lines) if m]
    if counts:
        outcome.passed, outcome.failed = int(counts[-1][1]), int(counts[-1][2])
        if code != 0 and outcome.failed == 0:
            outcome.failed = 1
            outcome.notes.append(f"exit code {code} although every case passed")
    else:
        outcome.passed, outcome.failed = (1, 0) if code == 0 else (0, 1)
    if outcome.failed:
        outcome.notes.append(f"{' '.join(command)}: see {(folder / 'output.log').relative_to(ROOT)}")
    return outcome


def gtest_cases(file: pathlib.Path, outcome: Outcome) -> int:
    """Adds the cases of one GoogleTest report; returns how many failed."""
    failed = 0
    for suite in json.loads(file.read_text())["testsuites"]:
        for case in suite["testsuite"]:
            name = f"{suite['name']}.{case['name']}"
            if case.get("result") == "SKIPPED":
                outcome.notes.append(f"{file.stem}: {name} was skipped, which counts as failed")
                failed += 1
            elif case.get("failures"):
                outcome.notes.append(f"{file.stem}: {name}")
                failed += 1
            elif case.get("status") == "RUN":
                outcome.passed += 1
    outcome.failed += failed
    return failed


def run_ctest(stage: str, selection: list[str], jobs: int = 2) -> Outcome:
    outcome = Outcome(stage)
    folder = RESULTS / stage
    folder.mkdir(parents=True, exist_ok=True)
    junit = folder / "ctest.xml"
    environment = os.environ | {"GTEST_OUTPUT": f"json:{folder}/", "GTEST_BRIEF": "1",
                                "WEFT_BIN": str(BUILD / "bin" / "weft")}
    # One PostgreSQL for all test programs of the stage, instead of one each.
    cluster = [str(BUILD / "tests" / "support" / "weft-test-pg")] if stage == "pg" else []
    command = [*cluster, "ctest", "--test-dir", str(BUILD), f"-j{jobs}", "--output-on-failure", "--no-tests=ignore",
               "--output-junit", str(junit), *selection]
    code, _ = stream(command, folder / "output.log", environment)
    programs = xml.parse(junit).getroot().findall("testcase") if junit.exists() else []
    for program in programs:
        name = program.get("name", "?")
        report = folder / f"{name}.json"
        failed = gtest_cases(report, outcome) if report.exists() else 0
        if program.get("status") == "run":
            outcome.passed += 0 if report.exists() else 1
        elif not failed:
            outcome.failed += 1
            outcome.notes.append(f"{name}: crashed, timed out or was not built")
    if stage != "system" and not outcome.passed + outcome.failed:
        outcome.failed = 1
        outcome.notes.append("there are no such tests, which cannot be right")
    if code != 0 and not outcome.failed:
        outcome.failed = 1
        outcome.notes.append(f"ctest ended with exit code {code}")
    return outcome


def stages() -> dict[str, object]:
    """Every stage that exists here, in the order they run: the quick ones first."""
    found: dict[str, object] = {
        "format": lambda: run_program("format", ["python3", "tools/format.py", "--check"]),
        "tidy": lambda: run_program("tidy", ["python3", "tools/tidy", "--self-test"]),
        "unit": lambda: run_ctest("unit", ["-L", "^unit$"]),
        "pg": lambda: run_ctest("pg", ["-L", "^pg$"]),
        "system": lambda: run_ctest("system", ["-LE", "^(unit|pg)$"], jobs=1),  # they load the machine
    }
    if (ROOT / "web" / "check").exists():
        found["web"] = lambda: run_program("web", ["web/check"])
    for program in [*sorted((ROOT / "tests").glob("*/run")), ROOT / "tests/security/attack/run"]:
        name = program.parent.name
        found[name] = lambda program=program, name=name: run_program(name, [str(program.relative_to(ROOT))])
    return found


def build(wanted: list[str]) -> bool:
    if set(wanted) <= {"format", "tidy", "web"}:
        return True
    if subprocess.run(["tools/build"], cwd=ROOT, env=os.environ | {"PRESET": PRESET}).returncode:
        return False
    needs_web = set(wanted) - {"unit", "pg", "system"} and (ROOT / "web" / "build").exists()
    return not needs_web or subprocess.run(["web/build"], cwd=ROOT).returncode == 0


def report(outcomes: list[Outcome]) -> int:
    say("")
    say(f"{'stage':<14}{'passed':>8}{'failed':>8}{'seconds':>9}")
    for outcome in outcomes:
        say(f"{outcome.stage:<14}{outcome.passed:>8}{outcome.failed:>8}{outcome.seconds:>9.1f}")
    notes = [f"  {o.stage}: {note}" for o in outcomes for note in o.notes]
    if notes:
        say("failed:\n" + "\n".join(notes))
    failed = sum(o.failed for o in outcomes)
    say(f"{sum(o.passed for o in outcomes)} passed, {failed} failed")
    return 1 if failed else 0


def main() -> int:
    known = stages()
    wanted = sys.argv[1:] or list(known)
    unknown = [name for name in wanted if name not in known]
    if unknown:
        say(f"test: there is no stage {', '.join(unknown)}. The stages here: {', '.join(known)}.")
        say("0 passed, 1 failed")
        return 2
    start = time.monotonic()
    shutil.rmtree(RESULTS, ignore_errors=True)
    RESULTS.mkdir(parents=True)
    built = build(wanted)
    outcomes = [Outcome("build", passed=1 if built else 0, failed=0 if built else 1, seconds=time.monotonic() - start)]
    if built:
        for name in wanted:
            say(f"\n== {name}")
            begun = time.monotonic()
            outcome = known[name]()
            outcome.seconds = time.monotonic() - begun
            if outcome.passed + outcome.failed:
                outcomes.append(outcome)
    return report(outcomes)


sys.exit(main())
