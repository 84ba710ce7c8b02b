"""Settings: environment variables with the prefix ``LIGHTBOX_``, or the same names in ``.env`` beside this file.

Read once, by an entry point (``app.py``, a ``__main__``), and handed on as arguments. ``.env.example`` lists them all.
"""

import difflib
import os
from pathlib import Path
from typing import Annotated

from dotenv import dotenv_values
from pydantic import AfterValidator, AliasChoices, Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from diagnosis.errors import BadRequest

ROOT = Path(__file__).resolve().parent
PREFIX = "LIGHTBOX_"
OF_THE_SCRIPTS = frozenset({"LIGHTBOX_VENV", "LIGHTBOX_CHROMIUM"})  # read by scripts/ and the tests, not by the app

Folder = Annotated[Path, AfterValidator(lambda path: (ROOT / path.expanduser()).resolve())]


def _default_host() -> str:
    """This machine alone; a Hugging Face Space is reached through its proxy, from outside the container."""
    return "0.0.0.0" if os.environ.get("SPACE_ID") else "127.0.0.1"


class Settings(BaseSettings):
    """Everything about a deployment that is not code.

    Attributes:
        host, port: where the page listens; ``GRADIO_SERVER_NAME`` and ``GRADIO_SERVER_PORT`` are understood too.
        weights: folder of model cards, weights and metrics.
        examples: folder of images offered on the page; it need not exist.
        data: folder of the labelled image sets.
        max_upload_mb: largest file a visitor may send, in megabytes.
        shap_evaluations: masked copies of the image that the model reads for one SHAP map.
        threads: threads of the network's arithmetic, None for one a core.

    Folders are absolute; a relative one is taken from the top of the project.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=ROOT / ".env",
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
        populate_by_name=True,
        validate_default=True,
    )

    host: str = Field(
        default_factory=_default_host, validation_alias=AliasChoices("LIGHTBOX_HOST", "GRADIO_SERVER_NAME")
    )
    port: int = Field(
        default=7860, ge=0, le=65535, validation_alias=AliasChoices("LIGHTBOX_PORT", "GRADIO_SERVER_PORT")
    )
    weights: Folder = Path("weights")
    examples: Folder = Path("examples")
    data: Folder = Path("../shared/data")
    max_upload_mb: int = Field(default=100, ge=1)
    shap_evaluations: int = Field(default=500, ge=50, le=10_000)
    threads: int | None = Field(default=None, ge=1)


def variable(name: str) -> str:
    """The environment variable of a setting: ``port`` → ``LIGHTBOX_PORT``."""
    return PREFIX + name.upper()


def load_settings(env_file: Path = ROOT / ".env") -> Settings:
    """The settings of this process. Raises BadRequest for an unknown name and for a value that does not fit."""
    _refuse_unknown(set(dotenv_values(env_file)), env_file.name)
    _refuse_unknown({name for name in os.environ if name.startswith(PREFIX)}, "the environment")
    try:
        return Settings(_env_file=env_file)
    except ValidationError as error:
        first = error.errors()[0]
        where = str(first["loc"][0])  # a setting's name, or the variable that gave it
        name = variable(where) if where in Settings.model_fields else where
        raise BadRequest(f"{name} is {first['input']!r}: {first['msg']}.", "Set it as .env.example shows.") from error


def _refuse_unknown(names: set[str], where: str) -> None:
    known = {variable(name) for name in Settings.model_fields} | OF_THE_SCRIPTS
    for name in sorted(names - known):
        near = difflib.get_close_matches(name.upper(), known, n=1)
        remedy = f"Did you mean {near[0]}?" if near else "See .env.example for those there are."
        raise BadRequest(f"{where} sets {name}, which is no setting of Lightbox.", remedy)
