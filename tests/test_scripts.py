"""The scripts' common part, in a folder of its own and with the programs that each case allows."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from settings import ROOT

TOOLS = ("bash", "dirname", "mkdir", "cmp", "cp")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project whose requirements.txt pins nothing, and ``bin`` with a shell and no Python."""
    (tmp_path / "scripts").mkdir()
    (tmp_path / "bin").mkdir()
    shutil.copy(ROOT / "scripts" / "_setup.sh", tmp_path / "scripts")
    (tmp_path / "requirements.txt").write_text("# nothing\n")
    for tool in TOOLS:
        (tmp_path / "bin" / tool).symlink_to(str(shutil.which(tool)))
    return tmp_path


def install(project: Path, path: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "LIGHTBOX_VENV"} | {"PATH": path}
    command = ["bash", "-c", "source scripts/_setup.sh; install requirements.txt quick"]
    return subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)


def fake_python(project: Path, accepts: str) -> None:
    """A python3 that succeeds at the ``-c`` programs which match the shell pattern."""
    python = project / "bin" / "python3"
    python.write_text(f'#!/usr/bin/env bash\ncase "$2" in {accepts}) echo python3.13-venv ;; *) exit 1 ;; esac\n')
    python.chmod(0o755)


def test_the_first_run_installs_and_the_next_ones_do_nothing_until_a_pin_changes(project: Path) -> None:
    first = install(project, os.environ["PATH"])
    assert first.returncode == 0, first.stderr
    assert (project / ".venv" / "bin" / "python").exists()
    assert "Installing the packages of requirements.txt" in first.stdout
    assert install(project, os.environ["PATH"]).stdout == ""
    (project / "requirements.txt").write_text("# nothing either\n")
    assert "Installing" in install(project, os.environ["PATH"]).stdout


def test_a_failed_install_is_told_and_tried_again(project: Path) -> None:
    (project / "requirements.txt").write_text("./there-is-no-such-package\n")
    for _ in range(2):
        failed = install(project, os.environ["PATH"])
        assert failed.returncode == 3
        assert "there-is-no-such-package" in failed.stderr
        assert "could not be installed" in failed.stderr


def test_without_a_new_enough_python_it_says_what_to_install(project: Path) -> None:
    failed = install(project, str(project / "bin"))
    assert failed.returncode == 3
    assert "Python 3.11 or newer was not found" in failed.stderr


def test_a_python_without_ensurepip_is_told_by_its_debian_package(project: Path) -> None:
    fake_python(project, accepts="*version_info*")
    failed = install(project, str(project / "bin"))
    assert failed.returncode == 3
    assert "apt-get install python3.13-venv" in failed.stderr
