"""``measure`` lists those images of a folder that nothing speaks against, for whoever takes samples in."""

from pathlib import Path

import numpy as np
import pytest

from diagnosis.errors import BadRequest
from diagnosis.study import Study
from diagnosis.synthesis.accepted import FILE, load_accepted
from diagnosis.synthesis.judging.__main__ import main
from tests.diagnosis.synthesis.judging.conftest import VIRAL
from tests.diagnosis.synthesis.judging.films import film, save


def test_measuring_a_folder_lists_what_nothing_speaks_against(
    weights: Path, films: Path, kept: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "made"
    noise = Study(np.random.default_rng(0).random((64, 64, 1), np.float32))
    top = folder / "chest-xray"
    strangers = [save(film(1000 + patient), top / VIRAL / f"stranger{patient}.png") for patient in range(3)]
    for name, study in (("copy", film(3)), ("noise", noise)):
        save(study, top / VIRAL / f"{name}.png")
    with pytest.raises(BadRequest, match=rf"judging measure {folder} --model chest-xray"):
        load_accepted(top)
    given = ["measure", str(folder), "--model", "chest-xray", "--set", str(films), "--kept", str(kept)]
    assert main([*given, "--weights", str(weights)]) == 0
    found = load_accepted(top)
    assert {*found} <= {*strangers} and found
    assert f"{top / FILE}: nothing speaks against {len(found)} of 5 images" in capsys.readouterr().err
