#!/usr/bin/env python3
"""Turns JavaScript files into one C++ constant: the body of one function of `native`, in the order given.

Usage: embed_library.py HEADER FILE...
"""
import pathlib
import re
import sys

DELIMITER = "weftjs"
END = """
for (const name of keys(globals)) {
  defineProperty(globalThis, name, { value: freeze(globals[name]), configurable: true });
}
"""


def main() -> None:
    header, *files = map(pathlib.Path, sys.argv[1:])
    body = "".join(file.read_text() for file in files) + END
    # Comments that have a line of their own: the program need not carry them.
    body = re.sub(r"(?m)^\s*//.*\n", "", body)
    if f"){DELIMITER}" in body:
        raise SystemExit("the library holds the delimiter")
    parts = [body[i : i + 60_000] for i in range(0, len(body), 60_000)]
    texts = "\n    ".join(f'R"{DELIMITER}({part}){DELIMITER}"' for part in parts)
    header.parent.mkdir(parents=True, exist_ok=True)
    header.write_text(f"""#pragma once
// Generated from library/*.js; do not edit.
#include <string_view>

namespace weft::runner::library {{

inline constexpr std::string_view kSource =
    "(native) => {{\\n\\"use strict\\";\\n"
    {texts}
    "}}";

}}  // namespace weft::runner::library
""")


main()
