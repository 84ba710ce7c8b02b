"""The errors that a person may see.

    UserError        something the person can mend; its text is safe to show
    ├── BadImage     the file is not an image that can be read
    ├── BadRequest   an option, a name or a setting is wrong
    ├── Missing      weights, data or a package that is needed is not there
    └── Refused      the image is not one that the model may read

Every message names the offending value and ends with what to do about it. Anything else that is raised is a
fault of the program and is never shown as it is.
"""


class UserError(Exception):
    """A problem in words, and its remedy.

    Args:
        problem: one sentence that names the value, e.g. ``"scan.png is empty (0 bytes)."``.
        remedy: one sentence that says what to do, e.g. ``"Save it again and retry."``.
    """

    exit_code = 2

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(f"{problem} {remedy}")
        self.problem = problem
        self.remedy = remedy


class BadImage(UserError):
    """The file is empty, damaged, too large, or holds no image."""


class BadRequest(UserError):
    """An argument or a setting that cannot be used."""


class Missing(UserError):
    """Something that the part needs is absent; the rest of the app works without it."""

    exit_code = 3


class Refused(UserError):
    """The image is not of the kind that the model is made for: nothing was scored.

    Args:
        suggestion: name of the model that such images are for, or None; as text it stands after the remedy, while the
            page tells the model's title.
    """

    exit_code = 4

    def __init__(self, problem: str, remedy: str, suggestion: str | None = None) -> None:
        super().__init__(problem, remedy)
        self.suggestion = suggestion

    def __str__(self) -> str:
        return super().__str__() + (f" Or use the model {self.suggestion}." if self.suggestion else "")
