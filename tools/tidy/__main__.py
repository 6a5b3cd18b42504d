#!/usr/bin/env python3
"""Checks the style that a program can check: python3 tools/tidy [--self-test].

Findings that are right as they are stand in allow.txt, with the reason. `--self-test` also proves that every rule
still finds what it is for.
"""
import pathlib
import sys

import rules
import selftest
from tree import Finding, Tree

ALLOW = pathlib.Path(__file__).with_name("allow.txt")


def allowed():
    """{(rule, path): line number} of allow.txt."""
    out = {}
    for number, line in enumerate(ALLOW.read_text().splitlines(), 1):
        words = line.split("#")[0].split()
        if words:
            out[tuple(words[:2])] = number
            if "#" not in line or len(words) != 2:
                raise SystemExit(f"tidy: {ALLOW.name}:{number}: write: rule path  # why")
    return out


def main():
    tree = Tree.of_repository()
    exceptions = allowed()
    used = set()
    passed = failed = 0
    for check in rules.RULES:
        findings = []
        for finding in check(tree):
            if (finding.rule, finding.path) in exceptions:
                used.add((finding.rule, finding.path))
            else:
                findings.append(finding)
        if findings:
            print("\n".join(map(str, findings)))
            print(f"  {check.__name__}: {check.__doc__}")
        failed += bool(findings)
        passed += not findings
    stale = [Finding("tools/tidy/allow.txt", n, "allow", f"nothing to allow: {' '.join(key)}")
             for key, n in exceptions.items() if key not in used]
    print("".join(f"{finding}\n" for finding in stale), end="")
    failed += bool(stale)
    passed += not stale
    if "--self-test" in sys.argv:
        good, bad = selftest.run()
        passed, failed = passed + good, failed + bad
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


sys.exit(main())
