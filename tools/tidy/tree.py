"""The files that the rules look at, and how they are read."""
import dataclasses
import functools
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
TEXT_SUFFIXES = {".cc", ".h", ".c", ".sql", ".py", ".ts", ".vue", ".md", ".txt", ".json", ".yaml", ".yml", ".sh", ".cmake", ""}
BYTES_MAX = 2 << 20

# Comments, raw strings, strings and characters of C++; a quote after a digit separates digits.
CODE_NOISE = re.compile(
    r"""//[^\n]*|/\*.*?\*/|R"(?P<d>[^(\s]*)\(.*?\)(?P=d)"|"(?:\\.|[^"\\\n])*"|(?<![0-9A-Fa-f])'(?:\\.|[^'\\\n])+'""",
    re.DOTALL)
INCLUDE = re.compile(r'^#include "([^"]+)"', re.MULTILINE)
COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)


@dataclasses.dataclass(frozen=True)
class Finding:
    path: str
    line: int
    rule: str
    text: str

    def __str__(self):
        return f"{self.path}:{self.line}: {self.rule}: {self.text}"


def blank(match):
    """Keeps the line numbers of what follows."""
    return "\n" * match.group().count("\n")


class Tree:
    """Paths relative to the root, and their text."""

    def __init__(self, files):
        self.files = files

    @classmethod
    def of_repository(cls):
        listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                                cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
        files = {}
        for name in filter(None, listed):
            path = ROOT / name
            if path.suffix in TEXT_SUFFIXES and path.is_file() and path.stat().st_size < BYTES_MAX:
                files[name] = path.read_text(errors="replace")
        return cls(files)

    def text(self, path):
        return self.files[path]

    @functools.cache
    def code(self, path):
        """C++ without comments and literals."""
        return CODE_NOISE.sub(blank, self.files[path])

    @functools.cache
    def cpp(self, under="src/"):
        return [p for p in self.files if p.startswith(under) and p.endswith((".cc", ".h"))]

    @functools.cache
    def product(self):
        """C++ that ends up in a program: no tests, and no header that only tests include."""
        users = {}
        for path in (p for p in self.files if p.endswith((".cc", ".h"))):
            for name in INCLUDE.findall(self.files[path]):
                users.setdefault(f"src/{name}", []).append(path)
        return [p for p in self.cpp() if not is_test(p)
                and not (p.endswith(".h") and users.get(p) and all(map(is_test, users[p])))]

    @functools.cache
    def modules(self):
        """Folders under src/ with a CMakeLists.txt: one module each."""
        return sorted(p.rsplit("/", 1)[0] for p in self.files
                      if p.startswith("src/") and p.endswith("/CMakeLists.txt") and p.count("/") >= 2)


def is_test(path):
    """Sources of tests. Headers of tests are called test_... or ..._for_test.h, or live in tests/."""
    name = path.rsplit("/", 1)[-1]
    return name.startswith("test_") or path.endswith(("_test.cc", "_pgtest.cc", "_bench.cc", "_for_test.h")) or \
        path.startswith(("tests/", "bench/", "fuzz/"))


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1
