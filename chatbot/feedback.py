"""Thumbs up and down, kept on this machine: one JSON object a line."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Literal

from chatbot.types import Answer
from diagnosis.errors import Missing

Thumb = Literal["up", "down"]
_WRITING = Lock()


@dataclass(frozen=True)
class Feedback:
    """Where thumbs are written to."""

    file: Path

    def keep(self, answer: Answer, thumb: Thumb) -> None:
        """Append a thumb: the masked question, what was cited and who wrote it; nothing of who gave it.

        Raises:
            Missing: the file cannot be written.
        """
        record = {
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "thumb": thumb,
            "question": answer.sent,
            "mode": answer.mode,
            "written_by": answer.written_by,
            "abstained": answer.abstained,
            "cited": [answer.evidence[at - 1].url for at in answer.cited],
        }
        line = json.dumps(record, ensure_ascii=False) + "\n"
        try:
            with _WRITING:
                self.file.parent.mkdir(parents=True, exist_ok=True)
                with self.file.open("a", encoding="utf-8") as file:
                    file.write(line)
        except OSError as error:
            raise Missing(f"{self.file} cannot be written: {error.strerror}.", "Set LIGHTBOX_FEEDBACK.") from error
