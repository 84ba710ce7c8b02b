"""Settings: environment variables with the prefix ``LIGHTBOX_``, or the same names in ``.env`` beside this file.

``OPENAI_API_KEY``, ``OPENAI_BASE_URL``, ``EXA_API_KEY`` and ``RETRIEVAL_MODEL`` keep the names that they have
everywhere. Read once, by an entry point (``app.py``, a ``__main__``), and handed on as arguments. ``.env.example``
lists them all.
"""

import difflib
import os
from pathlib import Path
from typing import Annotated, Literal

from dotenv import dotenv_values
from pydantic import AfterValidator, AliasChoices, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from diagnosis.errors import BadRequest

ROOT = Path(__file__).resolve().parent
PREFIX = "LIGHTBOX_"
OF_THE_SCRIPTS = frozenset({"LIGHTBOX_VENV", "LIGHTBOX_CHROMIUM"})  # read by scripts/ and the tests, not by the app

Folder = Annotated[Path, AfterValidator(lambda path: (ROOT / path.expanduser()).resolve())]


def _address(url: str) -> str:
    if not url.startswith(("http://", "https://")):
        raise ValueError("an address starts with http:// or https://")
    return url.rstrip("/")


Address = Annotated[str, AfterValidator(_address)]


def _encoder(name: str) -> str:
    """A relative ``local-dir:`` starts at the top of the project, wherever the process was started."""
    kind, sign, folder = name.partition(":")
    if (kind, sign) != ("local-dir", ":") or Path.cwd() == ROOT:
        return name
    return f"{kind}:{(ROOT / Path(folder).expanduser()).resolve()}"


EncoderName = Annotated[str, AfterValidator(_encoder)]


def _default_host() -> str:
    """This machine alone; a Hugging Face Space is reached through its proxy, from outside the container."""
    return "0.0.0.0" if os.environ.get("SPACE_ID") else "127.0.0.1"


def _cache() -> Path:
    """Where people's caches are, by the XDG Base Directory Specification."""
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "lightbox" / "weights"


class Settings(BaseSettings):
    """Everything about a deployment that is not code.

    Attributes:
        host, port: where the page listens; ``GRADIO_SERVER_NAME`` and ``GRADIO_SERVER_PORT`` are understood too.
        bundled: folder of the models that come with the app: cards, weights, metrics, the anatomy's segmenter.
        weights: folder of further models, one's own and fetched ones; it need not exist.
        examples: folder of images offered on the page; it need not exist.
        data: folder of the labelled image sets.
        max_upload_mb: largest file a visitor may send, in megabytes.
        shap_evaluations: masked copies of the image that the model reads for one SHAP map.
        test_maps: whether the page tests its maps by itself; else by a button.
        threads: threads of the network's arithmetic, None for one a core.
        openai_api_key: key of the language model's endpoint, None for one that asks for none.
        openai_base_url: address of an OpenAI-compatible endpoint, None for OpenAI's own.
        llm_model: name of the language model at that endpoint, None for words by templates alone.
        llm_vision: whether the overlays are sent along; only for models that take images.
        llm_timeout: seconds to wait for the endpoint's next word.
        llm_retries: how often a request is repeated that the endpoint turned away as busy or failing.
        llm_price_in, llm_price_out: US dollars for a million tokens sent and received, None for no cost line.
        knowledge: folder of the medical library's articles; their index lies beside it.
        documents: folder of the documents that ``python -m chatbot add`` keeps.
        feedback: file that thumbs up and down are written to.
        embedding_model: folder or hub name of a sentence encoder, None for the MiniLM that is installed.
        exa_api_key: key of an account at Exa, None for no search of the web.
        exa_url: address of Exa's API.
        exa_search: how Exa looks: by meaning and words, by meaning alone, or quicker and more roughly.
        exa_timeout: seconds that a search may take in all.
        exa_retries: how often a search is repeated that was turned away.
        exa_per_minute: searches in a minute, of all visitors together.
        sites: TOML file of the sites that may be searched, None for the bundled list.
        cache: folder of kept searches, None to keep them in memory alone.
        cache_days, cache_mb: how long searches are kept, and how many megabytes of them.
        retrieval_model: encoder of images and words, as open_clip names it.
        cases: folder of the case library.
        cases_url: of a Postgres database with pgvector that holds the library instead, None for the folder.
        own_cases: folder of the cases that visitors keep, a file each.

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
    bundled: Folder = Path("weights")
    weights: Folder = Field(default_factory=_cache)
    examples: Folder = Path("examples")
    data: Folder = Path("../shared/data")
    max_upload_mb: int = Field(default=100, ge=1)
    shap_evaluations: int = Field(default=500, ge=50, le=10_000)
    test_maps: bool = True
    threads: int | None = Field(default=None, ge=1)
    openai_api_key: SecretStr | None = Field(default=None, validation_alias="OPENAI_API_KEY")
    openai_base_url: Address | None = Field(default=None, validation_alias="OPENAI_BASE_URL")
    llm_model: str | None = None
    llm_vision: bool = False
    llm_timeout: float = Field(default=60, gt=0, le=600)
    llm_retries: int = Field(default=2, ge=0, le=10)
    llm_price_in: float | None = Field(default=None, ge=0)
    llm_price_out: float | None = Field(default=None, ge=0)
    knowledge: Folder = Path("index/knowledge")
    documents: Folder = Path("documents")
    feedback: Folder = Path("feedback/ask.jsonl")
    embedding_model: str | None = None
    exa_api_key: SecretStr | None = Field(default=None, validation_alias="EXA_API_KEY")
    exa_url: Address = "https://api.exa.ai"
    exa_search: Literal["auto", "neural", "fast"] = "auto"
    exa_timeout: float = Field(default=20, gt=0, le=600)
    exa_retries: int = Field(default=2, ge=0, le=10)
    exa_per_minute: int = Field(default=60, ge=1)
    sites: Folder | None = None
    cache: Folder | None = None
    cache_days: float = Field(default=7, ge=0)
    cache_mb: float = Field(default=100, gt=0)
    retrieval_model: EncoderName = Field(default="local-dir:weights/encoder", validation_alias="RETRIEVAL_MODEL")
    cases: Folder = Path("index/cases")
    cases_url: SecretStr | None = None
    own_cases: Folder = Path("own-cases")

    @property
    def local(self) -> bool:
        """Whether the page is for this machine alone, so that whoever opens it may name folders of it."""
        return self.host in {"127.0.0.1", "localhost", "::1"} and "SPACE_ID" not in os.environ

    @property
    def model_folders(self) -> tuple[Path, Path]:
        """Where models are looked for: those of the app, and further ones."""
        return self.bundled, self.weights


def variable(name: str) -> str:
    """The environment variable of a setting: ``port`` → ``LIGHTBOX_PORT``, ``openai_api_key`` → ``OPENAI_API_KEY``."""
    alias = Settings.model_fields[name].validation_alias
    return alias if isinstance(alias, str) else PREFIX + name.upper()


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
