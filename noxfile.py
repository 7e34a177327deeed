#!/usr/bin/env -S uv run --script
# /// script
# dependencies = ["nox>=2025.5.1"]
# ///
"""Every check of this repository: ``nox --list`` shows them, ``nox -s lint types`` runs some.

Each session gets an environment of its own, from the groups in ``pyproject.toml``. In one that
has all of them (``pip install -e . --group dev``), ``nox --no-venv -s lint types docs`` is quicker:
it installs nothing. `.ci/run` and the GitHub workflows run these sessions.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path

import nox

nox.needs_version = ">=2025.5.1"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.reuse_venv = "yes"

PROJECT = nox.project.load_toml("pyproject.toml")
PYTHONS = nox.project.python_versions(PROJECT)
QUICK = "not slow and not browser and not network"


def _install(session: nox.Session, *groups: str) -> None:
    """Install the package and groups; nothing with ``--no-venv``."""
    if session.venv_backend != "none":
        session.install("-e", ".", *(f"--group={group}" for group in groups))


@nox.session
def tests(session: nox.Session) -> None:
    """Run the quick tests; ``-P 3.12`` takes that Python, ``-- -m slow`` other tests."""
    _install(session, "test")
    session.run("python", "-m", "pytest", *(session.posargs or ["-m", QUICK]))


@nox.session(python=PYTHONS[0], default=False)
def oldest(session: nox.Session) -> None:
    """Run the quick tests with the oldest dependencies that the package allows."""
    constraints = Path(session.create_tmp()) / "oldest.txt"
    constraints.write_text("\n".join(_oldest()) + "\n", encoding="utf-8")
    if session.venv_backend != "none":
        session.install("-e", ".", "--group=test", f"--constraint={constraints}")
    session.run("python", "-m", "pytest", *(session.posargs or ["-m", QUICK]))


def _oldest() -> list[str]:
    """Pin what the package and its extras for users need to the lower bounds."""
    extras = PROJECT["project"]["optional-dependencies"]
    needed = [*PROJECT["project"]["dependencies"], *extras["arrow"], *extras["server"]]
    return [re.sub(r"^([\w.-]+)>=([\w.]+)", r"\1==\2", each) for each in needed]


@nox.session(default=False)
def coverage(session: nox.Session) -> None:
    """Measure which branches of the package the tests take; the report is coverage.xml."""
    _install(session, "coverage")
    asked = session.posargs or ["-m", "not browser and not network"]
    reports = ["--cov-report=xml", "--cov-report=term"]
    session.run("python", "-m", "pytest", "--cov", *reports, *asked)


@nox.session(default=False)
def browser(session: nox.Session) -> None:
    """Run the tests that open a page in Chromium; install it where apt-get can."""
    _install(session, "test", "browser")
    session.run("sh", "tests/support/install_browser.sh", external=True)
    session.run("python", "-m", "pytest", "-m", "browser", env={"NEED_BROWSER": "1"})


@nox.session
def lint(session: nox.Session) -> None:
    """Run every hook of pre-commit, look for dead code, and for a stale descriptor set."""
    _install(session, "docs", "lint")
    session.run("pre-commit", "run", "--all-files", "--show-diff-on-failure")
    session.run("vulture")
    session.run("python", "protos/build.py", "--check")


@nox.session
def types(session: nox.Session) -> None:
    """Check the types of this repository, and those that users' type checkers see."""
    _install(session, "types")
    session.run("mypy")
    session.run("mypy", "--config-file=", "--strict", "tests/typing")  # as a user would
    session.run("basedpyright", "--project", "tests/typing/pyrightconfig.json")


@nox.session
def docs(session: nox.Session) -> None:
    """Validate and run the docstrings of public names, and build the site (``build/site``).

    ``-- online`` also links the documentation of Python, numpy and grpc.
    """
    _install(session, "docs")
    session.run("python", "-m", "tests.docstrings")
    # What needs an engine has its examples in docs/engines, which tests/integrations runs.
    engines = "--ignore=codecs/tensorwire/integrations"
    asked = ["-q", "-n", "0", "--doctest-modules", engines]
    session.run("python", "-m", "pytest", *asked, "codecs/tensorwire")
    offline = "" if "online" in session.posargs else "1"
    strict = ["--fail-on-warning", "--nitpicky", "--quiet", "--fresh-env"]
    session.run("sphinx-build", *strict, "docs", "build/site", env={"DOCS_OFFLINE": offline})


@nox.session(default=False)
def gate(session: nox.Session) -> None:
    """Measure every codec for a moment: bytes, copies and allocations may only fall."""
    _install(session, "test")
    work = session.create_tmp()
    run = f"{work}/run.json"
    asked = ["--batch", "1,1000", "--seconds", "5", "--memory", "-q", "-o", run, "--force"]
    session.run("python", "-m", "bench.codecs", *asked)
    # Times do not gate: no two machines agree on them.
    session.run("python", "-m", "bench.compare", "bench/compare/exact.json", run, "--exact")
    session.run("python", "-m", "bench.report", run, "--html", f"{work}/run.html", "--force")


@nox.session(default=False)
def engines(session: nox.Session) -> None:
    """Test the adapters in their real engines, some GB of them; ``-- bentoml,ray`` in some."""
    _install(session, "test")
    asked = ",".join(session.posargs) or "all"
    session.run("python", "-m", "pytest", "-n", "0", "--engines", asked, "tests/integrations")


@nox.session(default=False)
def interop(session: nox.Session) -> None:
    """Exchange messages with the real libraries: the quick ones, or ``-- --only seldon``."""
    _install(session, "test")
    session.run("python", "-m", "interop", *(session.posargs or ["--quick"]))


@nox.session(default=False)
def package(session: nox.Session) -> None:
    """Build the package, and ask the judges of packages about it."""
    _install(session, "package")
    with tempfile.TemporaryDirectory() as folder:
        session.run("python", "-m", "build", "--outdir", folder)
        made = sorted(str(path) for path in Path(folder).iterdir())
        session.run("twine", "check", "--strict", *made)
        session.run("check-wheel-contents", *(name for name in made if name.endswith(".whl")))
        session.run("pyroma", "--min=10", *(name for name in made if name.endswith(".tar.gz")))
        if session.posargs:  # where the workflow that publishes takes them from
            shutil.copytree(folder, session.posargs[0], dirs_exist_ok=True)
    session.run("sp-repo-review", ".")


if __name__ == "__main__":
    nox.main()
