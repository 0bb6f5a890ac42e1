"""The environments: one for each stack and one for the tool, made on demand from locked requirements."""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
CACHE = ROOT / ".compare"


def bin_folder(name: str, requirements: Path) -> Path:
    """The `bin` folder of the environment `name`, built again whenever its lock has changed."""
    folder = CACHE / "envs" / name
    stamp = folder / "built-from"
    wanted = f"{sys.version}\n{hashlib.sha256(requirements.read_bytes()).hexdigest()}\n"
    if not stamp.exists() or stamp.read_text() != wanted:
        print(f"Making the environment for {name} …", file=sys.stderr, flush=True)
        build(folder, requirements)
        stamp.write_text(wanted)
    return folder / "bin"


def build(folder: Path, requirements: Path) -> None:
    """Make a fresh environment with exactly what the lock names, by uv where it is there, else by pip."""
    shutil.rmtree(folder, ignore_errors=True)
    CACHE.mkdir(exist_ok=True)
    (CACHE / ".gitignore").write_text("*\n")
    locked = ["--quiet", "--require-hashes", "--requirement", str(requirements)]
    python = str(folder / "bin" / "python")
    if uv := shutil.which("uv"):
        subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, str(folder)], check=True)
        subprocess.run([uv, "pip", "install", "--python", python, *locked], check=True)
    else:
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        subprocess.run([python, "-m", "pip", "install", *locked], check=True)


def versions(folder: Path) -> dict[str, str]:
    """What the environment with this `bin` folder holds: distribution and version."""
    infos = folder.parent.glob("lib/python*/site-packages/*.dist-info")
    pairs = (info.name.removesuffix(".dist-info").rpartition("-") for info in infos)
    return {name.lower().replace("_", "-"): version for name, _, version in sorted(pairs)}
