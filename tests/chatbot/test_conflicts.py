"""Sources that say different things of the same."""

from chatbot.conflicts import conflicts
from chatbot.types import Evidence


def page(url: str, text: str) -> Evidence:
    return Evidence("Screening", url, url, text, 0, len(text), "web")


YOUNGER = page("https://one.org", "Lung cancer screening with low-dose CT is offered to adults from 50 years of age.")
OLDER = page("https://two.org", "Lung cancer screening with low-dose CT is offered to adults from 55 years of age.")
SAME = page(
    "https://three.org", "Lung cancer screening with low-dose CT is offered to adults from 50 years on. It has harms."
)
OTHER = page("https://four.org", "Tuberculosis is treated for 6 months, and contacts are tested.")


def test_other_numbers_for_the_same_are_a_conflict() -> None:
    [(one, other, why)] = conflicts([YOUNGER, OLDER, SAME, OTHER], [1, 2])
    assert (one, other) == (1, 2) and "50" in why and "55" in why


def test_what_agrees_or_is_about_something_else_is_none() -> None:
    assert conflicts([YOUNGER, OLDER, SAME, OTHER], [1, 3, 4]) == ()


def test_one_page_does_not_contradict_itself() -> None:
    assert conflicts([YOUNGER, page("https://one.org", OLDER.excerpt)], [1, 2]) == ()


def test_a_denial_is_a_conflict() -> None:
    says = page("https://five.org", "Vitamin tablets prevent lung cancer in heavy smokers.")
    denies = page("https://six.org", "Vitamin tablets do not prevent lung cancer in heavy smokers.")
    assert [one[:2] for one in conflicts([says, denies], [1, 2])] == [(1, 2)]


def test_a_denial_of_something_else_in_the_same_sentence_is_none() -> None:
    both = page("https://seven.org", "Antibiotics treat bacterial pneumonia but do not work against viruses.")
    one = page("https://eight.org", "Bacterial pneumonia is treated with antibiotics.")
    assert conflicts([both, one], [1, 2]) == ()
