"""``python -m retrieval COMMAND``: the case library without the page; docs/cases.md tells the whole story."""

import argparse
import json
import sys
from contextlib import closing
from pathlib import Path

from pydantic import SecretStr

from diagnosis.console import Parser, tell
from diagnosis.errors import BadRequest, UserError
from diagnosis.notices import NOTICE
from diagnosis.readers import read_study
from retrieval.build import build
from retrieval.encoder import Encoder
from retrieval.fetch import fetch
from retrieval.filters import parse_filters
from retrieval.found import Found, told
from retrieval.plan import Plan, plan_archive, plan_data, plan_folder
from retrieval.query import KINDS, WITH, Query
from retrieval.search import Searcher
from retrieval.sources import Download, Source, sources
from retrieval.synthetic import Made, add_synthetic, sampled_images, shipped_images
from retrieval.types import SYNTHETIC
from settings import Settings, load_settings


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit code: 0 done (also where nothing is similar), 2 bad input or usage, 3 something missing."""
    try:
        options = _parser(load_settings()).parse_args(arguments)
        actions = {"build": _build, "add-synthetic": _add, "search": _search, "push": _push}
        return actions[options.command](options)
    except UserError as error:
        return tell(error)


def _build(options: argparse.Namespace) -> int:
    plan, public = _plan(options), not (options.folder or options.original)
    images = _synthetic(options, shipped=public and not options.no_synthetic)
    encoder = Encoder.load(options.model)
    made = build(plan, encoder, options.out, _say, not options.no_patches)
    for line in made.refused[:20]:
        _say(f"left out: {line}")
    if len(made.refused) > 20:
        _say(f"left out: {len(made.refused) - 20} more, named in the manifest")
    made = add_synthetic(options.out, encoder, images, _say) if images else made
    print(f"written: {options.out}, {made.cases:,} cases of {len(made.datasets)} data sets")
    return 0


def _add(options: argparse.Namespace) -> int:
    made = add_synthetic(options.index, Encoder.load(options.model), _synthetic(options), _say)
    print(f"written: {options.index}, {made.cases:,} cases, of which {made.datasets[SYNTHETIC].cases:,} are synthetic")
    return 0


def _synthetic(options: argparse.Namespace, shipped: bool = True) -> list[Made]:
    """The images that come with the app, if they are wanted, and those of the folder that the command names."""
    own = sampled_images(options.synthetic, load_settings().bundled) if options.synthetic else []
    return [*(shipped_images(options.examples) if shipped else []), *own]


def _plan(options: argparse.Namespace) -> Plan:
    if options.folder:
        return plan_folder(options.folder, options.csv or options.folder / "cases.csv", options.name)
    if options.original:
        name = options.original
        if name not in sources():
            raise BadRequest(f"There is no data set {name!r}.", f"Use one of: {', '.join(sources())}.")
        source = _mirrored(sources()[name], options)
        if not source.download:
            with_one = ", ".join(name for name, source in sources().items() if source.download)
            raise BadRequest(
                f"The original of {name} can't be fetched: it has no published digest.", f"Use {with_one}."
            )
        target = options.downloads / Path(source.download.url).name
        return plan_archive(fetch(source.download.url, target, source.download.sha256, _Meter()), name, source)
    return plan_data(options.data, options.datasets)


def _mirrored(source: Source, options: argparse.Namespace) -> Source:
    """The source with another address or digest of its archive, where the command names one."""
    if not (source.download and (options.url or options.sha256)):
        return source
    known = source.download.model_dump()
    changed = {"url": options.url or known["url"], "sha256": options.sha256 or known["sha256"]}
    return source.model_copy(update={"download": Download(**{**known, **changed})})


class _Meter:
    """Tells how far a download is, each tenth once."""

    def __init__(self) -> None:
        self.tenth = -1

    def __call__(self, done: int, whole: int | None) -> None:
        tenth = done * 10 // whole if whole else done >> 26
        if tenth > self.tenth:
            self.tenth = tenth
            _say(f"fetched {done / 1e6:.0f} MB" + (f" of {whole / 1e6:.0f} MB" if whole else ""))


def _search(options: argparse.Namespace) -> int:
    query = Query(
        image=read_study(options.image) if options.image else None,
        text=options.text,
        weight=options.weight,
        more=tuple(options.more),
        less=tuple(options.less),
        filters=parse_filters(options.filter),
        synthetic=options.synthetic,
    )
    with closing(Searcher.open(Encoder.load(options.model), options.index, _secret(options.url))) as searcher:
        found = searcher.search(query, options.k)
    print(json.dumps(told(found), indent=2, ensure_ascii=False) if options.json else _table(found))
    return 0


def _push(options: argparse.Namespace) -> int:
    from retrieval.push import push, summary

    url = _secret(options.url)
    if not url:
        raise BadRequest("No database is named.", "Name one with --url, or in LIGHTBOX_CASES_URL.")
    print(summary(push(url, options.index, _say, options.memory)))
    return 0


def _secret(url: SecretStr | None) -> str | None:
    return url.get_secret_value() if url else None


def _table(found: Found) -> str:
    if not found.matches:
        return found.message
    lines = []
    for match in found.matches:
        facts = ", ".join(f"{key} {value}" for key, value in match.case.facts.items() if key != "file")
        marks = f" [{', '.join(match.marks)}]" if match.marks else ""
        lines.append(f"{match.rank:>3}  {match.cosine:.3f}  {', '.join(match.case.labels) or 'no label'}{marks}")
        lines.append(f"            {facts}; {match.case.source}, {match.case.licence}; {match.case.url or 'no link'}")
    return "\n".join([*lines, "", NOTICE])


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _parser(settings: Settings) -> argparse.ArgumentParser:
    parser = Parser(prog="python -m retrieval", description="Cases that are like an image, a text, or both. " + NOTICE)
    parser.set_defaults(model=settings.retrieval_model)
    commands = parser.add_subparsers(dest="command", required=True)
    _build_options(commands.add_parser("build", help="build a case library", description=_BUILD), settings)
    add = commands.add_parser("add-synthetic", help="add synthetic images to a case library", description=_ADD)
    add.add_argument(
        "--index", type=Path, default=settings.cases, help="folder of the library; default: $LIGHTBOX_CASES"
    )
    _synthetic_options(add, settings)
    search = commands.add_parser("search", help="search a case library", description="Search a case library.")
    search.add_argument("--image", type=Path, help="an image to find similar ones to")
    search.add_argument("--text", default="", help="words to look for")
    search.add_argument("--weight", type=float, default=0.5, help="of the image beside the text, 0 to 1")
    search.add_argument("--more", action="append", default=[], metavar="CASE", help="more like this case")
    search.add_argument("--less", action="append", default=[], metavar="CASE", help="less like this case")
    search.add_argument(
        "--filter", action="append", default=[], metavar="KEY=VALUE", help="also key!=value, age=30..60"
    )
    search.add_argument("--synthetic", choices=KINDS, default=WITH, help="synthetic cases; default: %(default)s")
    search.add_argument("-k", type=int, default=10, help="results; default: %(default)s")
    search.add_argument(
        "--index", type=Path, default=settings.cases, help="folder of the library; default: $LIGHTBOX_CASES"
    )
    search.add_argument("--json", action="store_true", help="print JSON and nothing else")
    push = commands.add_parser("push", help="put a case library into a database", description=_PUSH)
    push.add_argument(
        "--index", type=Path, default=settings.cases, help="folder of the library; default: $LIGHTBOX_CASES"
    )
    push.add_argument(
        "--memory", type=int, default=1_000, help="megabytes that the server may index with; default: %(default)s"
    )
    for command in (commands.choices["build"], add, search):
        command.add_argument("--model", default=argparse.SUPPRESS, help=_MODEL)
    for command in (search, push):
        command.add_argument("--url", type=SecretStr, default=settings.cases_url, help=_URL)
    return parser


_URL = "Postgres database with pgvector; default: $LIGHTBOX_CASES_URL, which no list of processes shows"
_MODEL = "encoder, as open_clip names it; default: $RETRIEVAL_MODEL"
_ADD = (
    "Make synthetic images the synthetic cases of a library, in the place of those that it has: the images that come "
    "with the app, and those of a folder. Real cases and what was measured of them stay."
)
_PUSH = "Put a case library into a database, and search that; a push that was cut off goes on when it is run again."
_BUILD = "Build a case library; a build that was cut off goes on when it is run again."


def _build_options(command: argparse.ArgumentParser, settings: Settings) -> None:
    command.add_argument(
        "--data", type=Path, default=settings.data, help="folder of the public data sets; default: $LIGHTBOX_DATA"
    )
    command.add_argument("--datasets", nargs="+", metavar="SET", help="only these of them")
    command.add_argument("--folder", type=Path, help="a folder of images of one's own instead")
    command.add_argument("--csv", type=Path, help="its table: path, label, and facts; default: cases.csv in the folder")
    command.add_argument("--name", default="folder", help="what its data set is called; default: %(default)s")
    command.add_argument("--original", metavar="SET", help="the original of a public set, fetched from its source")
    command.add_argument("--url", help="another address of that original")
    command.add_argument("--sha256", help="another digest of it")
    command.add_argument("--downloads", type=Path, default=Path("runs/downloads"), help="folder that it is kept in")
    command.add_argument(
        "--out", type=Path, default=settings.cases, help="folder that is written; default: $LIGHTBOX_CASES"
    )
    _synthetic_options(command, settings)
    command.add_argument("--no-synthetic", action="store_true", help="leave out those that come with the app")
    command.add_argument("--no-patches", action="store_true", help="leave the patch maps out")


def _synthetic_options(command: argparse.ArgumentParser, settings: Settings) -> None:
    command.add_argument(
        "--synthetic",
        type=Path,
        metavar="DIR",
        help="images that `python -m diagnosis.synthesis sample` wrote",
    )
    command.add_argument(
        "--examples",
        type=Path,
        default=settings.examples,
        help="folder of the synthetic images that come with the app; default: $LIGHTBOX_EXAMPLES",
    )


if __name__ == "__main__":
    sys.exit(main())
