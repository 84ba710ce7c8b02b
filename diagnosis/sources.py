"""Where weights that are not part of the project come from, as a model's card tells it."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]


class Download(BaseModel):
    """A file of weights as its authors publish it, and what must be done to it.

    Attributes:
        url: where it is, http or https; None where no public address is known and the file must be put in by hand.
        member: the file to take out of the zip archive at ``url``; None where ``url`` is the file itself.
        file: the file's name in the folder of the models, when it is put there by hand.
        format: ``safetensors``; ``state-dict``, tensors alone in a file of torch; or ``pickle``, a whole object that
            only its own program could load, out of which the tensors are taken in a process of its own.
        bytes, sha256: of the file; None where they are not published.
        published: where the digest is published.
        rename: (part of a tensor's name, what stands there in our networks), applied in order.
        drop: tensors of the file that our network has no use for, by their whole names.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: Annotated[str, Field(pattern="^https?://")] | None = None
    member: str | None = None
    file: FileName
    format: Literal["safetensors", "state-dict", "pickle"]
    bytes: int | None = Field(default=None, gt=0)
    sha256: str | None = Field(default=None, pattern="^[0-9a-f]{64}$")
    published: str | None = None
    rename: tuple[tuple[str, str], ...] = ()
    drop: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _told_in_full(self) -> Self:
        if self.member and not self.url:
            raise ValueError("a member needs the url of its archive")
        if (self.sha256 is None) != (self.published is None):
            raise ValueError("sha256 and published go together: say where the digest is from")
        return self

    @property
    def told(self) -> str:
        """What the file is, for somebody who must get it by hand."""
        size = f"{self.bytes / 1e6:.1f} MB" if self.bytes else "of a size that is not published"
        digest = f"sha256 {self.sha256}" if self.sha256 else "with no published sha256"
        whence = f"{self.member} out of {self.url}" if self.member else self.url or f"{self.file} from its authors"
        return f"{whence} ({size}, {digest})"
