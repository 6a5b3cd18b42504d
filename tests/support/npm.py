"""The npm packages of a suite, and the Node that runs it."""
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]


def install(folder: pathlib.Path) -> None:
    """The locked npm packages of a suite, when they are not there yet."""
    wanted = (folder / "package-lock.json").read_bytes()
    stamp = folder / "node_modules/.weft-lock"
    if not stamp.exists() or stamp.read_bytes() != wanted:
        subprocess.run(["npm", "ci", "--prefix", folder, "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
                       check=True)
        stamp.write_bytes(wanted)


def node() -> str:
    """The Node that the user interface is built with: suites want a recent one."""
    tool = ROOT / "web/tools/node.sh"
    return subprocess.run([tool], check=True, text=True, stdout=subprocess.PIPE).stdout.strip() + "/node"
