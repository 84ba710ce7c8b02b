"""How many searches may be sent, for all visitors together."""

import threading
import time
from collections.abc import Callable


class Limit:
    """A token bucket: a few at once, then no more than so many a minute.

    Args:
        per_minute: how many in the long run.
        burst: how many at once after a rest.
        clock: seconds that only grow.
    """

    def __init__(self, per_minute: int, burst: int = 10, clock: Callable[[], float] = time.monotonic) -> None:
        self.per_minute = per_minute
        self._room = float(min(burst, per_minute))
        self._tokens, self._clock, self._at = self._room, clock, clock()
        self._lock = threading.Lock()

    def reserve(self, patience: float) -> float | None:
        """Seconds after which the caller may go ahead; None, and nothing reserved, where that is over ``patience``."""
        with self._lock:
            now = self._clock()
            self._tokens = min(self._room, self._tokens + (now - self._at) * self.per_minute / 60)
            self._at = now
            pause = max(0.0, (1 - self._tokens) * 60 / self.per_minute)
            if pause > patience:
                return None
            self._tokens -= 1
            return pause
