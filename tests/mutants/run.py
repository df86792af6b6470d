"""Breaks one rule at a time in a copy of the work tree and runs the tests that must notice: ``make mutants``.

    python -m tests.mutants.run [part of a name ...]

Fails where a mutation survives, and before any test where the text it replaces does not stand exactly once.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from .mutations import MUTATIONS, Mutation

ROOT = Path(__file__).resolve().parents[2]
BUILT = ("static/dist", ".venv")  # what tests need and git does not hold; linked


def main(words: list[str]) -> int:
    chosen = [mutation for mutation in MUTATIONS if not words or any(word in mutation.name for word in words)]
    wrong = [f"{mutation.name}: {problem}" for mutation in MUTATIONS if (problem := problem_of(mutation))]
    if wrong or not chosen:
        sys.stderr.write("\n".join(wrong or ["No mutation has such a name."]) + "\n")
        return 2
    with tempfile.TemporaryDirectory(prefix="epi-mutants-") as folder:
        copy = Path(folder)
        copy_work_tree(copy)
        survived = [mutation.name for mutation in chosen if not is_caught(mutation, copy)]
    sys.stdout.write(f"{len(chosen) - len(survived)} of {len(chosen)} caught\n")
    return 1 if survived else 0


def problem_of(mutation: Mutation) -> str:
    path = ROOT / mutation.file
    if not path.exists():
        return f"{mutation.file} is not there"
    found = path.read_text("utf-8").count(mutation.old)
    return "" if found == 1 else f"{mutation.old!r} stands {found} times in {mutation.file}"


def copy_work_tree(copy: Path) -> None:
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
    built = [path.relative_to(ROOT) for path in ROOT.glob("locale/*/LC_MESSAGES/*.mo")]
    for name in {*filter(None, names), *map(str, built)}:
        if (ROOT / name).is_file() and name not in BUILT:
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy / name)
    for name in BUILT:
        if (ROOT / name).exists():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            (copy / name).symlink_to((ROOT / name).resolve())


def is_caught(mutation: Mutation, copy: Path) -> bool:
    path, start = copy / mutation.file, time.monotonic()
    whole = path.read_text("utf-8")
    path.write_text(whole.replace(mutation.old, mutation.new), "utf-8")
    command = [sys.executable, "-m", "pytest", "-x", "-q", "--no-migrations", "-p", "no:cacheprovider"]
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [*command, *mutation.tests.split()], cwd=copy, env=environment, check=False, capture_output=True, text=True
    )
    path.write_text(whole, "utf-8")
    is_failed = done.returncode == 1  # others: nothing collected, or pytest itself failed
    if done.returncode not in {0, 1}:
        sys.stderr.write(done.stdout[-3000:] + done.stderr[-3000:])
    first = next((line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))), "")
    verdict = "caught  " if is_failed else "SURVIVED"
    sys.stdout.write(f"{verdict}  {mutation.name}  ({time.monotonic() - start:.0f} s)  {first[:110]}\n")
    sys.stdout.flush()
    return is_failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
