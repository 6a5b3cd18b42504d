#!/usr/bin/env python3
"""Turns the system's time zones (Debian's tzdata, TZif files) into a C++ source of constant tables.

Usage: zones.py ZONEINFO_FOLDER SOURCE

Names of one zone share its tables. Transitions that the zone's own rule for the future repeats are left out, which
halves them. Nothing holds a pointer: the tables are read-only pages of the program, read where they are looked at.
"""
import datetime
import pathlib
import re
import struct
import sys

EPOCH = datetime.date(1970, 1, 1)
YEARS = range(1970, 2100)
FROM_HISTORY = -(2**62)


def names(folder: pathlib.Path) -> tuple[str, list[str]]:
    version, found = "", []
    for line in (folder / "tzdata.zi").read_text().split("\n"):
        words = line.split()
        if line.startswith("# version"):
            version = words[2]
        elif words and words[0] == "Z":
            found.append(words[1])
        elif words and words[0] == "L":
            found.append(words[2])
    if not version:
        raise SystemExit("tzdata.zi does not say its version")
    return version, sorted({n for n in found if n != "Factory"}, key=str.lower)


def seconds(text: str) -> int:
    """"-3:30:15" as seconds."""
    sign = -1 if text.startswith("-") else 1
    parts = [int(p) for p in text.lstrip("+-").split(":")] + [0, 0]
    return sign * (parts[0] * 3600 + parts[1] * 60 + parts[2])


def day_rule(text: str) -> tuple[int, int, int, int]:
    day, _, time = text.partition("/")
    match = re.fullmatch(r"M(\d+)\.(\d)\.(\d)", day)
    if not match:
        raise SystemExit(f"a rule of an unknown kind: {text}")
    return (*map(int, match.groups()), seconds(time) if time else 7200)


def rule(footer: str):
    """A POSIX TZ text: (offset, abbreviation, its summer's likewise, begin, end), the last four None without summer."""
    name, offset = r"(<[^>]+>|[A-Za-z]+)", r"([+-]?[\d:]+)"
    match = re.fullmatch(f"{name}{offset}(?:{name}{offset}?,([^,]+),([^,]+))?", footer)
    if not match:
        raise SystemExit(f"a footer of an unknown kind: {footer}")
    standard, summer = -seconds(match[2]), None
    if match[3]:
        summer = -seconds(match[4]) if match[4] else standard + 3600
    return (standard, match[1].strip("<>"), summer, match[3] and match[3].strip("<>"),
            match[5] and day_rule(match[5]), match[6] and day_rule(match[6]))


def day_of(year: int, when) -> int:
    """Local seconds since 1970 of a rule's day and time."""
    month, week, weekday, time = when
    first = datetime.date(year, month, 1)
    day = first + datetime.timedelta((weekday - first.isoweekday() % 7) % 7 + 7 * (week - 1))
    while day.month != month:
        day -= datetime.timedelta(7)
    return (day - EPOCH).days * 86400 + time


def predicted(zone_rule) -> dict:
    """What the rule foresees: {(from second, offset): the one that comes next}."""
    standard, _, summer, _, begin, end = zone_rule
    if summer is None:
        return {}
    out = []
    for year in YEARS:
        out.append((day_of(year, begin) - standard, summer))
        out.append((day_of(year, end) - summer, standard))
    out.sort()
    return dict(zip(out, out[1:]))


def read(path: pathlib.Path):
    """([(from second, offset, is summer, abbreviation)], rule) of a TZif file, second version or later."""
    data = path.read_bytes()

    def header(at):
        if data[at : at + 4] != b"TZif" or data[at + 4] < ord("2"):
            raise SystemExit(f"{path}: no TZif file of version 2")
        return struct.unpack(">6I", data[at + 20 : at + 44])

    isutc, isstd, leap, times, types, chars = header(0)
    at = 44 + times * 5 + types * 6 + chars + leap * 8 + isstd + isutc
    isutc, isstd, leap, times, types, chars = header(at)
    at += 44
    moments = struct.unpack(f">{times}q", data[at : at + 8 * times])
    kinds = data[at + 8 * times : at + 9 * times]
    at += 9 * times
    table = [struct.unpack(">iBB", data[at + 6 * i : at + 6 * i + 6]) for i in range(types)]
    texts = data[at + 6 * types : at + 6 * types + chars]
    footer = data[at + 6 * types + chars + leap * 12 + isstd + isutc :].strip(b"\n").decode()

    def kind(index):
        offset, is_summer, text = table[index]
        return offset, is_summer, texts[text : texts.index(b"\0", text)].decode()

    changes = [(FROM_HISTORY, *kind(0))] + [(m, *kind(k)) for m, k in zip(moments, kinds)]
    zone_rule = rule(footer)
    foreseen = predicted(zone_rule)
    # One that is foreseen stays: from it on the rule holds. A zone may have kept the rule, left it and come back.
    while len(changes) > 2 and foreseen.get(changes[-2][:2]) == changes[-1][:2]:
        changes.pop()
    # What changes nothing.
    kept = changes[:1]
    for change in changes[1:]:
        if change[1:] != kept[-1][1:]:
            kept.append(change)
    return kept, zone_rule


class Texts:
    def __init__(self):
        self.text, self.at = "", {}

    def add(self, text: str) -> int:
        if text not in self.at:
            self.at[text] = len(self.text)
            self.text += text + "\0"
        return self.at[text]

    def literal(self) -> str:
        return " ".join('"' + part + '\\0"' for part in self.text.split("\0")[:-1])


def rows(values, width: int = 8) -> str:
    texts = [str(v) for v in values]
    return ",\n    ".join(", ".join(texts[i : i + width]) for i in range(0, len(texts), width))


def main() -> None:
    folder, source = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    version, all_names = names(folder)
    texts, kinds, kind_at = Texts(), [], {}
    zones, zone_at, moments, moment_kinds, entries = [], {}, [], [], []

    def kind(offset, is_summer, abbreviation) -> int:
        key = (offset, texts.add(abbreviation), is_summer)
        if key not in kind_at:
            kind_at[key] = len(kinds)
            kinds.append("{%d, %d, %d}" % key)
        return kind_at[key]

    for name in all_names:
        changes, (standard, text, summer, summer_text, begin, end) = read(folder / name)
        key = (tuple(changes), standard, summer, begin, end)
        if key not in zone_at:
            zone_at[key] = len(zones)
            first = len(moments)
            moments += [c[0] for c in changes]
            moment_kinds += [kind(*c[1:]) for c in changes]
            days = ", ".join("{%d, %d, %d, %d}" % (d or (0, 0, 0, 0)) for d in (begin, end))
            # Ireland's summer is its standard time, and its winter what is put forward (by less than nothing).
            is_backward = summer is not None and summer < standard
            after = [kind(standard, int(is_backward), text),
                     kind(summer, int(not is_backward), summer_text) if summer is not None else -1]
            zones.append("{%d, %d, %d, %d, %s}" % (first, len(changes), *after, days))
        entries.append("{%d, %d}" % (texts.add(name), zone_at[key]))
    source.parent.mkdir(parents=True, exist_ok=True)
    source.write_text(f"""// Generated by tools/gen/zones.py from tzdata {version}; do not edit.
#include "core/calendar/detail/tables.h"

namespace weft::calendar::detail {{

extern constinit const char kTzdataVersion[] = "{version}";
extern constinit const char kTexts[] =
    {texts.literal()};
extern constinit const Named kNames[] = {{
    {rows(entries)}}};
extern constinit const std::size_t kNamesSize = {len(entries)};
extern constinit const Kind kKinds[] = {{
    {rows(kinds)}}};
extern constinit const std::int64_t kChanges[] = {{
    {rows(moments)}}};
extern constinit const std::uint16_t kChangeKinds[] = {{
    {rows(moment_kinds, 20)}}};
extern constinit const ZoneRow kZones[] = {{
    {rows(zones, 2)}}};

}}  // namespace weft::calendar::detail
""")


main()
