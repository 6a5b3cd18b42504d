#!/usr/bin/env python3
"""Formats the C++ sources with clang-format-19: tools/format.py [--check] [file...]; all tracked ones by default.

Files whose content passed before are remembered in build/, so that a second check takes a moment.
"""
import concurrent.futures
import hashlib
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
TOOL = "clang-format-19"
MEMORY = ROOT / "build" / "format-ok"


def sources() -> list[str]:
    listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.h", "*.cc"],
                            cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    return [name for name in listed if (ROOT / name).exists()]


def digest(name: str, salt: bytes) -> str:
    return hashlib.sha256(salt + (ROOT / name).read_bytes()).hexdigest()


def is_formatted(name: str) -> bool:
    command = [TOOL, "--dry-run", "--Werror", name]
    return subprocess.run(command, cwd=ROOT, capture_output=True).returncode == 0


def check(names: list[str]) -> int:
    salt = (ROOT / ".clang-format").read_bytes()
    known = set(MEMORY.read_text().split()) if MEMORY.exists() else set()
    digests = {name: digest(name, salt) for name in names}
    todo = [name for name in names if digests[name] not in known]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        good = dict(zip(todo, pool.map(is_formatted, todo)))
    bad = [name for name in todo if not good[name]]
    for name in bad:
        print(f"{name}: not formatted; run tools/format.py {name}")
    MEMORY.parent.mkdir(exist_ok=True)
    MEMORY.write_text("\n".join(sorted(digests[name] for name in names if name not in bad)) + "\n")
    return 1 if bad else 0


def main() -> int:
    arguments = sys.argv[1:]
    names = [name for name in arguments if not name.startswith("-")] or sources()
    if "--check" in arguments:
        return check(names)
    return subprocess.run([TOOL, "-i", *names], cwd=ROOT).returncode if names else 0


sys.exit(main())
