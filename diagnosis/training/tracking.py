"""What is kept of a run beside its weights: ``run.json``, and MLflow's local files where MLflow is installed."""

import importlib
import importlib.util
import json
import os
from pathlib import Path
from typing import Any, Protocol

from pydantic import BaseModel

STORE = "mlruns"  # folder in runs/, and in any other folder that runs lie in
ID = "mlflow-run"  # file in a run's folder


class Described(Protocol):
    """A card, of whatever is trained."""

    @property
    def reference(self) -> str: ...
    @property
    def architecture(self) -> str: ...


def describe(card: Described, recipe: BaseModel, run: Path) -> None:
    """Write ``run.json``: which model the run trains, and by which recipe."""
    run.mkdir(parents=True, exist_ok=True)
    about = {"model": card.reference, "architecture": card.architecture, "recipe": recipe.model_dump(mode="json")}
    (run / "run.json").write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")


class Tracker:
    """Logs a run to MLflow's file store ``mlruns`` beside the run's folder; does nothing where MLflow is not installed.

    A run that was cut off goes on as the same run. Nothing is sent: the store is a folder, and telemetry is off.
    """

    def __init__(self, model: str, recipe: BaseModel, run: Path) -> None:
        self._client = _client(run.parent / STORE)
        self._run = self._begun(model, recipe, run) if self._client else ""

    def epoch(self, row: dict[str, float]) -> None:
        """The figures of one epoch, as in ``log.jsonl``."""
        if self._client:
            for name, value in row.items():
                self._client.log_metric(self._run, name, value, step=int(row["epoch"]))

    def end(self) -> None:
        if self._client:
            self._client.set_terminated(self._run)

    def _begun(self, model: str, recipe: BaseModel, run: Path) -> str:
        known = run / ID
        if known.is_file() and (run / "last.pt").is_file():
            return known.read_text("utf-8")
        experiment = self._client.get_experiment_by_name(model)
        number = experiment.experiment_id if experiment else self._client.create_experiment(model)
        begun: str = self._client.create_run(number, run_name=run.name).info.run_id
        for name, value in _parameters(recipe).items():
            self._client.log_param(begun, name, value)
        known.write_text(begun, encoding="utf-8")
        return begun


def _client(store: Path) -> Any:
    """MLflow's client of a folder; None where MLflow is not installed."""
    if importlib.util.find_spec("mlflow") is None:
        return None
    os.environ.update(MLFLOW_DISABLE_TELEMETRY="true", DO_NOT_TRACK="true", MLFLOW_ALLOW_FILE_STORE="true")
    return importlib.import_module("mlflow").MlflowClient(store.resolve().as_uri())


def _parameters(recipe: BaseModel) -> dict[str, str]:
    """A recipe's fields as text; those of its tables as ``augmentation.blur``."""
    flat: dict[str, str] = {}
    for name, value in recipe.model_dump(mode="json").items():
        inner = value if isinstance(value, dict) else {"": value}
        flat |= {f"{name}.{key}".rstrip("."): json.dumps(one) for key, one in inner.items()}
    return flat
