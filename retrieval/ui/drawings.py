"""What stands where a picture cannot be shown: a few lines that say which kind of image it is, and nothing more."""

_LINES = {
    "x-ray": (
        "M60 14v92 M52 26c-16 6-26 26-28 50-1 12 4 20 12 18 10-2 15-8 15-20V34z M68 26c16 6 26 26 28 50 1 12-4 20-12 18"
        "-10-2-15-8-15-20V34z M12 22c12-7 26-9 40-3 M108 22c-12-7-26-9-40-3"
    ),
    "ct": (
        "M60 22c31 0 48 16 48 38S91 98 60 98 12 82 12 60s17-38 48-38z M50 40c-16 0-27 10-27 22s8 17 18 15 12-9 12-20z "
        "M70 40c16 0 27 10 27 22s-8 17-18 15-12-9-12-20z M54 84a6 6 0 1 0 12 0 6 6 0 1 0-12 0"
    ),
    "mri": (
        "M60 12c26 0 40 20 40 46 0 30-16 50-40 50S20 88 20 58c0-26 14-46 40-46z M60 20v80 M48 34c-12 4-16 14-14 24 "
        "M72 34c12 4 16 14 14 24 M50 54c-4 8-4 18 0 26 M70 54c4 8 4 18 0 26 M36 72c2 10 8 16 16 18 M84 72c-2 10-8 16-16 18"
    ),
    "histology": (
        "M22 40a18 15 0 1 0 36 0 18 15 0 1 0-36 0 M32 40a8 6 0 1 0 16 0 8 6 0 1 0-16 0 M62 34a19 17 0 1 0 38 0 19 17 0 1 "
        "0-38 0 M73 34a8 7 0 1 0 16 0 8 7 0 1 0-16 0 M36 78a20 18 0 1 0 40 0 20 18 0 1 0-40 0 M47 78a9 8 0 1 0 18 0 9 8 "
        "0 1 0-18 0 M80 74a14 15 0 1 0 28 0 14 15 0 1 0-28 0 M88 74a6 6 0 1 0 12 0 6 6 0 1 0-12 0"
    ),
}
_FRAME = "M18 24h84v72H18z M18 82l24-26 18 18 14-12 28 26 M74 44a7 7 0 1 0 14 0 7 7 0 1 0-14 0"


def drawing(modality: str) -> str:
    """An SVG of lines for a modality, in any spelling; an empty frame for one that is not known."""
    lines = _LINES.get(modality.lower(), _FRAME)
    return f'<svg viewBox="0 0 120 120" aria-hidden="true"><path d="{lines}"/></svg>'
