"""Settings: what is documented is what there is, and nothing unknown is passed over."""

import os
from itertools import pairwise
from pathlib import Path

import pytest
from dotenv import dotenv_values

from diagnosis.errors import BadRequest
from settings import ROOT, Settings, load_settings, variable

EXAMPLE = ROOT / ".env.example"


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith(("LIGHTBOX_", "GRADIO_SERVER_", "OPENAI_", "EXA_", "RETRIEVAL_")) or name == "SPACE_ID":
            monkeypatch.delenv(name)


@pytest.fixture
def env_file(tmp_path: Path) -> Path:
    return tmp_path / ".env"


def test_the_example_lists_every_setting_and_no_other() -> None:
    assert list(dotenv_values(EXAMPLE)) == [variable(name) for name in Settings.model_fields]


def test_the_example_holds_the_defaults(env_file: Path) -> None:
    assert load_settings(EXAMPLE) == load_settings(env_file)


def test_every_line_of_the_example_is_explained() -> None:
    lines = EXAMPLE.read_text("utf-8").splitlines()
    assert all(before.startswith("# ") for before, line in pairwise(lines) if "=" in line)


def test_the_environment_goes_before_the_file(env_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    env_file.write_text("LIGHTBOX_PORT=8001\nLIGHTBOX_THREADS=3\n")
    monkeypatch.setenv("LIGHTBOX_PORT", "8002")
    settings = load_settings(env_file)
    assert (settings.port, settings.threads) == (8002, 3)


def test_a_relative_folder_starts_at_the_top_of_the_project(env_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(env_file.parent)
    env_file.write_text(f"LIGHTBOX_BUNDLED=other\nLIGHTBOX_EXAMPLES={env_file.parent}\n")
    settings = load_settings(env_file)
    assert (settings.bundled, settings.examples) == (ROOT / "other", env_file.parent)


@pytest.mark.parametrize(
    ("line", "named", "remedy"),
    [
        ("LIGHTBOX_PROT=8000", "LIGHTBOX_PROT", "Did you mean LIGHTBOX_PORT?"),
        ("PORT=8000", "PORT", ".env.example"),
        ("LIGHTBOX_PORT=eighty", "LIGHTBOX_PORT is 'eighty'", ".env.example"),
        ("LIGHTBOX_PORT=70000", "LIGHTBOX_PORT is '70000'", ".env.example"),
        ("LIGHTBOX_SHAP_EVALUATIONS=0", "LIGHTBOX_SHAP_EVALUATIONS is '0'", ".env.example"),
        ("OPENAI_BASE_URL=localhost:8000/v1", "OPENAI_BASE_URL is 'localhost:8000/v1'", ".env.example"),
        ("LIGHTBOX_LLM_TIMEOUT=0", "LIGHTBOX_LLM_TIMEOUT is '0'", ".env.example"),
        ("LIGHTBOX_OPENAI_API_KEY=secret", "LIGHTBOX_OPENAI_API_KEY", "Did you mean OPENAI_API_KEY?"),
    ],
)
def test_a_wrong_line_is_refused_by_name(env_file: Path, line: str, named: str, remedy: str) -> None:
    env_file.write_text(line)
    with pytest.raises(BadRequest) as refused:
        load_settings(env_file)
    assert named in refused.value.problem
    assert remedy in refused.value.remedy


def test_an_unknown_variable_is_refused_but_not_those_of_the_scripts(
    env_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIGHTBOX_VENV", "elsewhere")
    load_settings(env_file)
    monkeypatch.setenv("LIGHTBOX_WEIGHT", "elsewhere")
    with pytest.raises(BadRequest, match="the environment sets LIGHTBOX_WEIGHT"):
        load_settings(env_file)


def test_the_page_is_open_to_this_machine_alone_except_where_a_space_needs_more(
    env_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert load_settings(env_file).host == "127.0.0.1"
    monkeypatch.setenv("SPACE_ID", "someone/lightbox")
    assert load_settings(env_file).host == "0.0.0.0"
    monkeypatch.setenv("GRADIO_SERVER_NAME", "127.0.0.2")
    assert load_settings(env_file).host == "127.0.0.2"
    monkeypatch.setenv("LIGHTBOX_HOST", "127.0.0.3")
    assert load_settings(env_file).host == "127.0.0.3"


def test_gradios_own_port_variable_is_understood(env_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADIO_SERVER_PORT", "8003")
    assert load_settings(env_file).port == 8003


def test_the_key_is_read_under_its_usual_name_and_never_shown(env_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    env_file.write_text("OPENAI_BASE_URL=http://localhost:11434/v1/\nLIGHTBOX_LLM_MODEL=gemma\n")
    settings = load_settings(env_file)
    assert settings.openai_api_key is not None and settings.openai_api_key.get_secret_value() == "sk-very-secret"
    assert settings.openai_base_url == "http://localhost:11434/v1"
    assert "very-secret" not in f"{settings!r} {settings} {settings.model_dump()}"


def test_the_encoders_folder_is_found_from_anywhere(env_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from retrieval.encoder import OURS

    monkeypatch.chdir(ROOT)
    assert load_settings(env_file).retrieval_model == OURS
    monkeypatch.chdir(env_file.parent)
    assert load_settings(env_file).retrieval_model == f"local-dir:{ROOT / 'weights/encoder'}"
    monkeypatch.setenv("RETRIEVAL_MODEL", "hf-hub:owner/model")
    assert load_settings(env_file).retrieval_model == "hf-hub:owner/model"
