#!/usr/bin/env python3
"""Shows a build of ninja's as one line that says how long it still takes: tools/progress.py COMMAND...

On a terminal the line is renewed in place; elsewhere it is printed every 15 seconds. What the compiler says is shown
whole. The exit code is the command's. Ninja's own estimate came with 1.12; Debian 12 has 1.11.
"""
import os
import re
import subprocess
import sys
import time

STATUS = re.compile(r"^@(\d+)/(\d+) (.*)$")
PLAIN_SECONDS = 15
FIRST_ESTIMATE_SECONDS = 5  # before, a few quick steps would promise too much


def left(seconds: float, done: int, total: int) -> str:
    if seconds < FIRST_ESTIMATE_SECONDS or not done:
        return ""
    rest = seconds * (total - done) / done
    return f", about {rest:.0f} s left" if rest < 90 else f", about {rest / 60:.0f} min left"


def main() -> int:
    start = time.monotonic()
    is_terminal = sys.stdout.isatty()
    shown_at, width = start - PLAIN_SECONDS, 0
    child = subprocess.Popen(sys.argv[1:], env=os.environ | {"NINJA_STATUS": "@%f/%t "}, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, text=True, errors="replace")
    assert child.stdout
    for line in child.stdout:
        step = STATUS.match(line.rstrip("\n"))
        if not step:
            if width:
                print("\r" + " " * width + "\r", end="")
            width = 0
            print(line, end="", flush=True)
            continue
        now = time.monotonic()
        done, total = int(step[1]), int(step[2])
        text = f"build: {done} of {total}{left(now - start, done, total)}: {os.path.basename(step[3].split()[-1])}"
        if is_terminal:
            text = text[:os.get_terminal_size().columns - 1]
            print("\r" + text.ljust(width), end="", flush=True)
            width = len(text)
        elif now - shown_at >= PLAIN_SECONDS or done == total:
            shown_at = now
            print(text, flush=True)
    if width:
        print()
    return child.wait()


try:
    sys.exit(main())
except KeyboardInterrupt:  # ninja has heard it too, and ends by itself
    sys.exit(130)
