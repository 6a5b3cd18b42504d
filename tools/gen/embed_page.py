#!/usr/bin/env python3
"""Turns one self-contained HTML page into a header: its text and a content security policy that lets exactly its own
script and style run.

Usage: embed_page.py HEADER PAGE
"""
import base64
import hashlib
import pathlib
import re
import sys

CHUNK = 16_000  # of one literal


def hashes(page: str, element: str) -> str:
    found = re.findall(rf"<{element}>(.*?)</{element}>", page, re.DOTALL)
    return " ".join(f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" for text in found)


def main() -> None:
    header, source = map(pathlib.Path, sys.argv[1:])
    page = source.read_text()
    policy = (f"default-src 'none'; script-src {hashes(page, 'script')}; style-src {hashes(page, 'style')}; "
              "connect-src 'self' ws: wss:; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
    parts = "\n".join(f'R"page({page[at:at + CHUNK]})page"' for at in range(0, len(page), CHUNK))
    header.parent.mkdir(parents=True, exist_ok=True)
    header.write_text(
        "#pragma once\n// Generated from a page; do not edit.\n#include <string_view>\n\nnamespace weft::graphql {\n"
        f'inline constexpr std::string_view kGraphiqlPolicy = "{policy}";\n'
        f"inline constexpr std::string_view kGraphiqlPage = {parts};\n}}  // namespace weft::graphql\n")


main()
