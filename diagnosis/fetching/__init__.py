"""Weights that are not part of the project: fetched when somebody asks for them, verified, and kept.

A folder of models then holds ``<model>.toml`` and ``<model>.safetensors``, as for any other model. Its subfolder
``downloads`` keeps what has come of a file so far; no half file is ever under its final name.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from filelock import BaseFileLock, FileLock, Timeout

from diagnosis.cards import ModelCard, file_digest, load_card
from diagnosis.errors import BadRequest, Missing, UserError
from diagnosis.fetching.archive import find_member, unpack
from diagnosis.fetching.install import install
from diagnosis.fetching.transfer import TIMEOUT, WHOLE, forget, receive, size_of
from diagnosis.sources import Download

__all__ = ["Consent", "NotAgreed", "Progress", "fetch", "installed", "is_fetchable"]

DOWNLOADS = "downloads"  # subfolder for what is on its way
LOOK_AGAIN = 0.2  # seconds between looks at what another visitor fetches


@dataclass(frozen=True)
class Consent:
    """What somebody has agreed to.

    Attributes:
        pickle: that a file is opened that could hold more than tensors.
        sha256: the digest that somebody compared with the source and found right; for a file without a published one.
    """

    pickle: bool = False
    sha256: str | None = None


class NotAgreed(BadRequest):
    """The fetch needs a consent that was not given. ``sha256``: the digest to be confirmed, where it is about one."""

    def __init__(self, problem: str, remedy: str, sha256: str | None = None) -> None:
        super().__init__(problem, remedy)
        self.sha256 = sha256


@dataclass(frozen=True)
class Progress:
    """How far a fetch is: ``done`` bytes of ``whole``, which is None where nobody says."""

    step: Literal["waiting", "downloading", "checking", "converting", "ready"]
    done: int = 0
    whole: int | None = None

    @property
    def words(self) -> str:
        """The progress as people read it."""
        if self.step == "waiting":
            return f"Somebody else is fetching it: {self.done / 1e6:.1f} MB so far"
        if self.step == "downloading":
            whole = f" of {self.whole / 1e6:.1f}" if self.whole else ""
            return f"Downloading: {self.done / 1e6:.1f}{whole} MB"
        return {"checking": "Checking the digest", "converting": "Writing safetensors", "ready": "Ready"}[self.step]


def is_fetchable(card: ModelCard) -> bool:
    """Whether a card names a public address; else the file must be put in by hand."""
    return card.download is not None and card.download.url is not None


def installed(name: str, folder: Path) -> ModelCard | None:
    """The card of a model that is in the folder, weights included; None where it is not."""
    try:
        card = load_card(folder / f"{name}.toml")
    except UserError:
        return None
    return card if card.weights and (folder / card.weights.file).is_file() else None


def fetch(card: ModelCard, consent: Consent, folder: Path, *, timeout: float = TIMEOUT) -> Iterator[Progress]:
    """Bring a model's weights into ``folder``; the last progress is ``ready``.

    A file that lies in the folder under the name that the card gives is taken instead of the network's. Of visitors who
    ask at once, one fetches and the others watch. Whoever stops in the middle leaves what has come for the next.

    Args:
        timeout: seconds without a byte after which an attempt is given up.

    Raises:
        NotAgreed: a consent is lacking.
        Missing: no public address, no network, or no such file; the text tells what to get and where to put it.
        BadRequest: the file is not the expected one, cannot be converted, or does not fit the card.
    """
    source = _source(card)
    if source.format == "pickle" and not consent.pickle:
        problem = f"{card.title} comes as a pickle, a kind of file that can hold more than numbers."
        remedy = "Agree to its being opened: it is done once, in a process of its own, after its digest was checked."
        raise NotAgreed(problem, remedy)
    downloads = folder / DOWNLOADS
    try:
        downloads.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        problem = f"Cannot write to {folder}: {error.strerror}."
        raise BadRequest(problem, "Name another folder with LIGHTBOX_WEIGHTS.") from error
    part = downloads / f"{source.file}.part"
    lock = FileLock(downloads / f"{card.name}.lock", thread_local=False)  # a page goes on in any thread
    while not _held(lock):
        yield Progress("waiting", size_of(part))
    try:
        if installed(card.name, folder) is None:
            yield from _fetch(card, source, consent, folder, part, timeout)
        yield Progress("ready")
    finally:
        lock.release()


def _held(lock: BaseFileLock) -> bool:
    """Whether nobody else fetches this model on this machine; then the lock is held."""
    try:
        lock.acquire(timeout=LOOK_AGAIN)
    except Timeout:
        return False
    return True


def _source(card: ModelCard) -> Download:
    if card.download is None:
        raise BadRequest(f"{card.name} is not fetched: its card has no [download].", "Train it, or get its weights.")
    return card.download


def _fetch(
    card: ModelCard, source: Download, consent: Consent, folder: Path, part: Path, timeout: float
) -> Iterator[Progress]:
    given, came = folder / source.file, part.with_name(source.file)
    if given.is_file():
        came = given
    elif not came.is_file():
        try:
            yield from _download(source, part, came, timeout)
        except Missing as error:
            raise Missing(error.problem, _by_hand(card, source, folder)) from error
    yield Progress("checking", size_of(came), source.bytes)
    try:
        digest = _verified(card, source, came, consent)
    except NotAgreed:
        raise
    except BadRequest:
        if came != given:
            came.unlink()
        raise
    yield Progress("converting", size_of(came), source.bytes)
    install(card, source.model_copy(update=_confirmed(source, digest)), came, folder)
    if came != given:
        came.unlink()


def _download(source: Download, part: Path, came: Path, timeout: float) -> Iterator[Progress]:
    """The file as ``came``, whole but not yet verified."""
    if source.url is None:
        raise Missing(f"No public address is known for {source.file}.", "")
    member = find_member(source.url, source.member, timeout) if source.member else None
    span, size = (member.span, None) if member else (WHOLE, source.bytes)
    for done, whole in receive(source.url, part, span, size=size, timeout=timeout):
        yield Progress("downloading", done, whole)
    try:
        if member:
            unpack(part, member, came)
        else:
            part.replace(came)
    finally:
        forget(part)


def _by_hand(card: ModelCard, source: Download, folder: Path) -> str:
    where = f"put it there as {folder / source.file}, then run `python -m diagnosis weights fetch {card.name}` again"
    return f"Without a network, get {source.told} and {where}."


def _verified(card: ModelCard, source: Download, path: Path, consent: Consent) -> str:
    """The sha256 of the file, once it is the published one, or one that somebody has confirmed."""
    found = file_digest(path)
    if source.sha256 is None and consent.sha256 is None:
        problem = f"No sha256 is published for {source.file}; that of what is here is {found}."
        raise NotAgreed(problem, f"Compare it with its source, and confirm it: --sha256 {found}", found)
    expected = source.sha256 or consent.sha256
    if found != expected:
        problem = f"{path.name} for {card.name} has the sha256 {found}, not {expected}."
        raise BadRequest(problem, "It is not the file that the card describes: get it from its source again.")
    return found


def _confirmed(source: Download, digest: str) -> dict[str, str]:
    """What the kept card tells of a digest that nobody published."""
    return {} if source.sha256 else {"sha256": digest, "published": "nowhere; confirmed by whoever fetched it first"}
