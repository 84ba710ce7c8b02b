"""Write docs/report.schema.json from the record's types, or with --check say whether it is up to date.

.venv/bin/python scripts/report_schema.py [--check]
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from agents.report.record import json_schema  # noqa: E402

TARGET = ROOT / "docs" / "report.schema.json"


def main() -> None:
    text = json_schema()
    if "--check" not in sys.argv:
        TARGET.write_text(text, encoding="utf-8")
    elif not TARGET.is_file() or TARGET.read_text("utf-8") != text:
        sys.exit("docs/report.schema.json is out of date: run scripts/report_schema.py")


if __name__ == "__main__":
    main()
