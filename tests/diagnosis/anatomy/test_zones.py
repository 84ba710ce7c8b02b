"""Zones as values, and a map's weight shared out among them."""

import numpy as np
import pytest

from diagnosis.anatomy.shares import off_share, share_in, zone_shares
from diagnosis.anatomy.zones import Zone, Zones
from diagnosis.attribution import AttributionMap
from tests.diagnosis.toys import toy_card

SIDE = 96


def a_map(cells: np.ndarray, method: str = "grad-cam") -> AttributionMap:
    return AttributionMap("bright", method, cells, "logit", (SIDE, SIDE), toy_card().input, {}, {}, 0.1)


def box(top: int, left: int, bottom: int, right: int) -> np.ndarray:
    mask = np.zeros((SIDE, SIDE), dtype=bool)
    mask[top:bottom, left:right] = True
    return mask


def quartered(off: bool = False) -> Zones:
    """Four quarters; the last may lie off the anatomy, the first is an organ."""
    half = SIDE // 2
    return Zones(
        "chest-film",
        (
            Zone("first", box(0, 0, half, half), "drawn", organ=True),
            Zone("second", box(0, half, half, SIDE), "drawn"),
            Zone("third", box(half, 0, SIDE, half), "drawn"),
            Zone("fourth", box(half, half, SIDE, SIDE), "drawn", off=off),
            Zone("middle", box(24, 24, 72, 72), "drawn", part=False),
        ),
    )


def test_zones_are_values() -> None:
    assert quartered() == quartered()
    assert hash(quartered()) == hash(quartered())
    other = Zones("chest-film", (Zone("first", box(0, 0, 47, 48), "drawn"), *quartered().zones[1:]))
    assert other != quartered()
    assert Zones("brain", quartered().zones) != quartered()
    assert Zones("chest-film", quartered().zones, ("a doubt",)) != quartered()
    with pytest.raises(ValueError, match="read-only"):
        quartered().zones[0].mask[0, 0] = True


def test_a_mask_has_two_dimensions() -> None:
    with pytest.raises(ValueError, match=r"\(H, W\)"):
        Zone("first", np.zeros((2, 4, 4)), "drawn")


def test_a_coarser_grid_keeps_the_area() -> None:
    zone = Zone("odd", box(0, 0, 31, 53), "drawn")
    assert zone.on((24, 24)).mean() == pytest.approx(zone.mask.mean(), abs=1e-6)


def test_an_even_map_gives_every_zone_its_area() -> None:
    cells = np.ones((4, 4))
    cells[0, 0] += 0.2  # a map without any preference is called flat and has no shares
    shares = {share.zone: share for share in zone_shares(a_map(cells), quartered())}
    assert sum(share.percent for name, share in shares.items() if name != "middle") == pytest.approx(100)
    assert shares["fourth"].percent == pytest.approx(25, abs=1)
    assert all(share.even == pytest.approx(25, abs=1e-3) for share in shares.values())


def test_weight_goes_to_the_zone_that_it_lies_in() -> None:
    cells = np.zeros((32, 32))
    cells[20:28, 4:8] = 1  # lower left
    shares = {share.zone: share.percent for share in zone_shares(a_map(cells), quartered())}
    assert shares["third"] == pytest.approx(100, abs=0.01)
    assert share_in(a_map(cells), quartered().zones[2]).percent == pytest.approx(100, abs=0.01)
    assert share_in(a_map(cells), quartered().zones[0]).percent == 0


def test_a_flat_map_has_no_shares() -> None:
    assert zone_shares(a_map(np.ones((4, 4))), quartered()) == ()
    assert zone_shares(a_map(-np.eye(4)), quartered()) == ()
    assert off_share(a_map(np.ones((4, 4))), quartered(off=True)) is None


def test_off_the_anatomy_reaches_half_a_cell_but_never_into_an_organ() -> None:
    cells = np.zeros((8, 8))
    cells[6, 6] = 1
    whole = off_share(a_map(cells), quartered(off=True))
    assert whole is not None and whole.percent > 99
    beside = np.zeros((8, 8))
    beside[0:4, 0:4] = 1  # in the organ, right up to the corner where the zone that is off begins
    inside = off_share(a_map(beside), quartered(off=True))
    assert inside is not None and inside.percent < 2
    assert 25 < inside.even < 45


def test_zones_that_do_not_tell_what_is_off_give_no_share() -> None:
    assert off_share(a_map(np.eye(8)), quartered()) is None
