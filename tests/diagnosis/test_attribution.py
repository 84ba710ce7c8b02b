"""Maps against answers worked out by hand, and what a method leaves behind."""

import threading

import numpy as np
import pytest
import torch
from torch import nn

from diagnosis.attribution import METHODS, AttributionMap
from diagnosis.attribution.shap_partition import BlurMasker, blur
from diagnosis.networks import build_network
from diagnosis.study import Study
from tests.diagnosis.toys import SIDE, PooledSum, toy_card, toy_classifier


@pytest.fixture
def spot() -> Study:
    """Black, with a white square of 8 × 8 pixels whose corner is at row 8, column 20."""
    pixels = np.zeros((SIDE, SIDE, 1))
    pixels[8:16, 20:28] = 1
    return Study(pixels)


def test_grad_cam_equals_weight_times_activation(spot: Study) -> None:
    bright, dark = METHODS["grad-cam"].maps(toy_classifier(), spot)
    cells = spot.pixels.reshape(8, 4, 8, 4).mean(axis=(1, 3))
    np.testing.assert_allclose(bright.cells, 4.0 * cells / 64, atol=1e-7)
    assert bright.cells.sum() == pytest.approx(4.0 * spot.pixels.mean())  # the logit less its bias
    assert bright.checks["negative_share"] == 0
    assert not dark.cells.any() and dark.checks["negative_share"] == 1 and dark.is_flat


def test_grad_cam_is_not_rescaled(spot: Study) -> None:
    strong = METHODS["grad-cam"].maps(toy_classifier(PooledSum((4.0, 0.0))), spot)[0]
    weak = METHODS["grad-cam"].maps(toy_classifier(PooledSum((0.4, 0.0))), spot)[0]
    np.testing.assert_allclose(weak.cells * 10, strong.cells, atol=1e-6)


@pytest.mark.parametrize("method", METHODS)
def test_a_constant_image_gives_a_flat_map(method: str) -> None:
    for one in METHODS[method].maps(toy_classifier(), Study(np.full((SIDE, SIDE, 1), 0.5))):
        assert one.is_flat


def test_shap_credits_the_spot_and_adds_up(spot: Study) -> None:
    bright, dark = METHODS["shap"].maps(toy_classifier(), spot)
    classifier = toy_classifier()
    logits = classifier.predict(spot).logits
    for one, logit in ((bright, logits[0]), (dark, logits[1])):
        total = one.cells.sum(dtype=np.float64) + one.checks["baseline_logit"]
        assert total == pytest.approx(float(logit), abs=1e-5)
        assert one.checks["additivity_gap"] < 1e-5
    np.testing.assert_allclose(bright.cells, -dark.cells, atol=1e-6)  # the two logits are opposite
    inside = bright.at((SIDE, SIDE))[8:16, 20:28]
    assert inside.min() > 0
    assert inside.mean() > 5 * np.abs(bright.at((SIDE, SIDE))[:, :12]).mean()


def test_shap_spends_no_more_than_its_evaluations(spot: Study) -> None:
    seen: list[tuple[int, int]] = []
    METHODS["shap"].maps(toy_classifier(), spot, evaluations=100, progress=lambda *at: seen.append(at))
    assert seen[-1] == (100, 100)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_masker_shows_blurs_and_mixes() -> None:
    image = torch.rand(3, 32, 32, generator=torch.Generator().manual_seed(0))
    masker = BlurMasker(image, blur(image, 5), cells=8)
    one = np.zeros(64, bool)
    one[9] = True  # row 1, column 1
    switches = np.concatenate([masker(mask, image.numpy())[0] for mask in (np.ones(64, bool), np.zeros(64, bool), one)])
    shown, hidden, mixed = masker.images(torch.from_numpy(switches))
    torch.testing.assert_close(shown, image, rtol=0, atol=0)
    assert hidden[0, 10, 12].item() == pytest.approx(image[0, 8:13, 10:15].mean().item())
    torch.testing.assert_close(mixed[:, 4:8, 4:8], image[:, 4:8, 4:8], rtol=0, atol=0)
    mixed[:, 4:8, 4:8] = hidden[:, 4:8, 4:8]
    torch.testing.assert_close(mixed, hidden, rtol=0, atol=0)


@pytest.mark.parametrize(("architecture", "layer"), [("resnet18", "layer4"), ("densenet121", "features.relu5")])
def test_grad_cam_of_the_bundled_architectures_adds_up(architecture: str, layer: str) -> None:
    """Both end in pooling and a linear layer: positive less negative cells make the logit without its bias."""
    torch.manual_seed(0)
    card = toy_card(("a", "b", "c"), size=64).model_copy(update={"architecture": architecture, "cam_layer": layer})
    network = build_network(architecture, 1, 3)
    classifier = toy_classifier(network)
    classifier.card = card
    study = Study(np.random.default_rng(1).random((64, 64, 1)))
    head = network.fc if architecture == "resnet18" else network.classifier
    for position, one in enumerate(METHODS["grad-cam"].maps(classifier, study)):
        positive, share = one.cells.sum(), one.checks["negative_share"]
        if share < 1:
            total = positive * (1 - share / (1 - share))
            expected = classifier.predict(study).logits[position] - head.bias[position].item()
            assert total == pytest.approx(expected, rel=1e-3, abs=1e-4)


@pytest.mark.parametrize("method", METHODS)
def test_no_hook_survives(method: str, spot: Study) -> None:
    class Failing(PooledSum):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            super().forward(x)
            raise RuntimeError("out of order")

    working, failing = toy_classifier(), toy_classifier(Failing())
    METHODS[method].maps(working, spot)
    with pytest.raises(RuntimeError, match="out of order"):
        METHODS[method].maps(failing, spot)
    for classifier in (working, failing):
        assert not any(module._forward_hooks for module in classifier.network.modules())
        assert not classifier.lock.locked()


def test_threads_share_one_model(spot: Study) -> None:
    """Unlocked, hooks of one thread see the passes of another."""
    classifier, results = toy_classifier(), []
    expected = METHODS["grad-cam"].maps(classifier, spot)[0].cells

    def work() -> None:
        for _ in range(25):
            results.append(METHODS["grad-cam"].maps(classifier, spot)[0].cells)
            classifier.predict(spot)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 100
    assert all(np.array_equal(cells, expected) for cells in results)


def test_parameters_ask_for_no_gradient(spot: Study) -> None:
    classifier = toy_classifier(nn.Sequential())
    assert not any(parameter.requires_grad for parameter in classifier.network.parameters())


def _map(cells: np.ndarray, size: tuple[int, int] = (64, 32), resize: str = "squash") -> AttributionMap:
    return AttributionMap("bright", "grad-cam", cells, "logit", size, toy_card(resize=resize).input, {}, {}, 0.0)


def test_values_lie_on_the_study_grid_unscaled() -> None:
    one = _map(np.full((4, 4), 0.25))
    assert one.values.shape == (64, 32)
    np.testing.assert_allclose(one.values, 0.25)


def test_unseen_pixels_are_nan() -> None:
    values = _map(np.ones((4, 4)), resize="crop").values
    assert np.isnan(values[:16]).all() and np.isnan(values[48:]).all()
    np.testing.assert_allclose(values[16:48], 1)


def test_padding_is_cut_off() -> None:
    """A tall study, padded left and right: the outer columns of the map lie outside the image."""
    cells = np.zeros((4, 4))
    cells[:, 0] = 1
    values = _map(cells, resize="pad").values
    assert values.shape == (64, 32)
    assert np.isfinite(values).all()
    assert values[:, -1].max() == 0


def test_maps_are_equal_by_content() -> None:
    assert _map(np.eye(4)) == _map(np.eye(4)) != _map(np.ones((4, 4)))
    assert len({_map(np.eye(4)), _map(np.eye(4))}) == 1
    with pytest.raises(ValueError, match="read-only"):
        _map(np.eye(4)).cells[0] = 1
