#!/usr/bin/env python3
"""Turns sql/*.sql of one module into a header of named queries.

Usage: embed_sql.py MODULE HEADER FILE...   (MODULE is a path such as store/queue)
"""
import pathlib
import sys

DELIMITER = "sql"


def constant(stem: str) -> str:
    return "k" + "".join(word.capitalize() for word in stem.split("_"))


def main() -> None:
    module, header, *files = sys.argv[1:]
    namespace = "weft::" + module.replace("/", "::") + "::sql"
    lines = ["#pragma once", "// Generated from sql/*.sql; do not edit.", '#include "platform/pg/query.h"', ""]
    lines.append(f"namespace {namespace} {{")
    for file in sorted(map(pathlib.Path, files)):
        text = file.read_text().strip().rstrip(";")
        name = module.split("/")[-1] + "." + file.stem
        lines.append(f'inline constexpr pg::Query {constant(file.stem)}{{"{name}", R"{DELIMITER}({text}){DELIMITER}"}};')
    lines.append(f"}}  // namespace {namespace}")
    path = pathlib.Path(header)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")


main()
