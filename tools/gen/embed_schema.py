#!/usr/bin/env python3
"""Turns db/ into a C++ source that defines weft::pg::schema_files().

Usage: embed_schema.py DB_FOLDER SOURCE
"""
import pathlib
import re
import sys

DELIMITER = "weftsql"


def literal(path: pathlib.Path) -> str:
    text = path.read_text()
    if f"){DELIMITER}" in text:
        raise SystemExit(f"{path}: holds the delimiter")
    return f'R"{DELIMITER}({text}){DELIMITER}"'


def main() -> None:
    folder, source = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    migrations = sorted((folder / "migrations").glob("*.sql"))
    # Ascending, and each number once. Gaps are fine: branches that took their numbers may land in any order.
    for path, before in zip(migrations, [None, *migrations]):
        if not re.fullmatch(r"V\d{4}__[a-z0-9_]+\.sql", path.name):
            raise SystemExit(f"{path}: expected the name V<four digits>__<words>.sql")
        if before is not None and before.name[:5] == path.name[:5]:
            raise SystemExit(f"{path}: {before.name} has this number already")
    lines = ["// Generated from db/; do not edit.", '#include "platform/pg/migrate.h"', "", "namespace weft::pg {", ""]
    lines.append("const SchemaFiles& schema_files() {")
    lines.append("    static const MigrationFile migrations[] = {")
    for path in migrations:
        lines.append(f'        {{"{path.name}", {literal(path)}}},')
    lines.append("    };")
    lines.append(f"    static const SchemaFiles files{{{literal(folder / 'roles.sql')}, migrations, {literal(folder / 'grants.sql')}}};")
    lines += ["    return files;", "}", "", "}  // namespace weft::pg"]
    source.parent.mkdir(parents=True, exist_ok=True)
    source.write_text("\n".join(lines) + "\n")


main()
