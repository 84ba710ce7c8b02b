"""`python -m diagnosis.phantoms DIR`: write the drawn examples."""

import argparse
import sys
from pathlib import Path

from diagnosis.phantoms.examples import write_examples


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit code: 0 written, 2 the folder cannot be written to."""
    parser = argparse.ArgumentParser(prog="python -m diagnosis.phantoms", description="Draw example images by code.")
    parser.add_argument("folder", type=Path, help="where to write them; made where it is missing")
    folder = parser.parse_args(arguments).folder
    try:
        files = write_examples(folder)
    except OSError as error:
        print(f"error: {folder} cannot be written ({error.strerror}). Name another folder.", file=sys.stderr)
        return 2
    for file in files:
        print(f"{file} ({file.stat().st_size / 1000:.0f} kB)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
