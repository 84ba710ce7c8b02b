"""What a run learns from, and how: a run that was cut off, and the latents that it kept, serve nothing else."""

from pathlib import Path
from typing import Any, Self

from pydantic import ValidationError

from diagnosis.errors import BadRequest
from diagnosis.synthesis.cards import AutoencoderCard, GeneratorCard
from diagnosis.synthesis.training.images import Images
from diagnosis.synthesis.training.recipe import Schedule
from diagnosis.written import Strict

_WORDS = ("version", "title", "licence", "intended_use", "out_of_scope", "training_data", "limitations", "references")
_LATER = ("trained", "weights", "steps", "guidance", "aspect")
_REMEDY = "Put back what it was begun with, name another folder with --run, or remove this one to start again."
_LONGEST = 24  # characters of a value that are told


class Origin(Strict):
    """What must not change while a run goes on.

    Attributes:
        card: fields of a card that shape what is trained.
        recipe: fields of a recipe but for ``rounds``, since a run may go on for longer.
        images: how many are learned from.
        manifests: sha256 of each data set's manifest, by model.
        pixels: sha256 of the images and their classes.
        seen_through: sha256 of a generator's autoencoder, or of the encoder that compares an autoencoder's images.
    """

    card: dict[str, Any]
    recipe: dict[str, Any]
    images: int
    manifests: dict[str, str]
    pixels: str
    seen_through: str

    @classmethod
    def of(cls, card: dict[str, Any], recipe: dict[str, Any], images: Images, seen_through: str) -> Self:
        return cls(
            card=card,
            recipe=recipe,
            images=len(images),
            manifests=images.manifests,
            pixels=images.digest,
            seen_through=seen_through,
        )

    @classmethod
    def read(cls, text: str | None, path: Path) -> Self:
        """What is kept in the file at ``path``. Raises BadRequest where that is nothing."""
        try:
            return cls.model_validate_json(text or "")
        except ValidationError as error:
            raise BadRequest(f"{path} does not say what it was made from.", _REMEDY) from error

    def refuse_change(self, now: "Origin", path: Path) -> None:
        """Raises BadRequest, with what has changed, where the file at ``path`` is to serve another origin."""
        before, after = self._flat(), now._flat()
        changed = [
            f"{name} {_short(before.get(name))}, now {_short(after.get(name))}"
            for name in dict.fromkeys([*before, *after])
            if before.get(name) != after.get(name)
        ]
        if changed:
            raise BadRequest(f"{path} was begun with something else: {'; '.join(changed)}.", _REMEDY)

    def _flat(self) -> dict[str, Any]:
        """Values by names such as ``recipe.seed``."""
        flat: dict[str, Any] = {}
        for name, value in self.model_dump().items():
            flat |= {f"{name}.{key}": one for key, one in value.items()} if isinstance(value, dict) else {name: value}
        return flat


def shape_of(card: AutoencoderCard | GeneratorCard) -> dict[str, Any]:
    """The fields of a card that shape what is trained: not its words, nor what is known or chosen afterwards."""
    fields = card.model_dump(mode="json", exclude={*_WORDS, *_LATER})
    return fields | {"classes": classes_of(card)} if isinstance(card, GeneratorCard) else fields


def classes_of(card: GeneratorCard) -> list[str]:
    """The classes in their order, as ``model/label``."""
    return [f"{one.model}/{one.label}" for one in card.classes]


def recipe_of(schedule: Schedule) -> dict[str, Any]:
    """A recipe's fields but for ``rounds``."""
    return schedule.model_dump(mode="json", exclude={"rounds"})


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
