"""The tab Ask: answers with their passages, refusals, documents, an image, and a language model that is scripted."""

from base64 import b64decode
from pathlib import Path

from playwright.sync_api import Locator, expect

from diagnosis.readers import read_study
from tests.agents.endpoint import Endpoint, fails, says
from tests.page.conftest import KEY, Visitor
from tests.page.server import Server
from tests.page.visit import Tab

QUESTION = "How is a collapsed lung treated?"


def ask(tab: Tab, question: str) -> Locator:
    """Type a question; its answer once it is whole."""
    box = tab.here.get_by_label("Your question")
    box.fill(question)
    tab.here.get_by_role("button", name="Ask", exact=True).click()
    answer = tab.here.locator("article").last
    expect(answer.locator("h4")).to_have_text(question)
    expect(answer.locator("p").first).not_to_have_text("…")
    expect(answer.get_by_text("Looking for evidence")).to_have_count(0)
    return answer


def test_each_sentence_leads_to_the_passage_that_says_it(visitor: Visitor) -> None:
    tab = visitor().tab("Ask")
    tab.here.get_by_role("button", name=QUESTION).click()
    answer = tab.here.locator("article").last
    expect(answer.get_by_text("the sources' own sentences")).to_be_visible()
    chip = answer.locator(".lb-chip").first
    card = tab.page.locator(f"details.lb-card:has(#{(chip.get_attribute('href') or '').removeprefix('#')})")
    chip.click()
    expect(card.locator("summary")).to_have_class("lb-lit")
    assert "Pneumothorax" in card.locator("summary").inner_text()
    marked = card.locator("mark").first.inner_text()
    assert marked and marked in answer.inner_text()
    links = card.locator(".lb-references a")
    assert links.count() >= 1
    assert all((link.get_attribute("href") or "").startswith("http") for link in links.all())


def test_what_the_evidence_does_not_answer_is_refused(visitor: Visitor) -> None:
    tab = visitor().tab("Ask")
    answer = ask(tab, "What is the best recipe for pancakes?")
    expect(answer).to_contain_text("I cannot answer that from the evidence I have.")
    assert answer.locator(".lb-chip").count() == 0
    assert tab.here.get_by_role("heading", name="Sources", exact=True).count() == 0


def test_an_emergency_comes_first(visitor: Visitor) -> None:
    answer = ask(visitor().tab("Ask"), "I have crushing chest pain and my left arm hurts")
    expect(answer.get_by_role("alert")).to_contain_text("112")


def test_the_conversation_is_kept_exported_and_rated(visitor: Visitor) -> None:
    tab = visitor().tab("Ask")
    ask(tab, QUESTION)
    ask(tab, "What are its symptoms?")
    expect(tab.here.locator("article")).to_have_count(2)
    tab.here.get_by_role("button", name="Export").click()
    for title, begins in (("Markdown", "# A conversation"), ("BibTeX", "@misc{"), ("RIS", "TY  - ELEC")):
        link = tab.here.get_by_role("link", name=title, exact=True)
        link.wait_for()
        _, _, content = (link.get_attribute("href") or "").partition("base64,")
        assert b64decode(content).decode().startswith(begins)
    tab.here.get_by_role("button", name="Helpful", exact=True).click()
    expect(tab.here.get_by_text("kept on this machine")).to_be_visible()


def test_a_document_of_ones_own_is_cited_and_deleted(visitor: Visitor, tmp_path: Path) -> None:
    own = tmp_path / "ward notes.md"
    own.write_text(
        "# Ward notes\n\nThe zebra protocol asks for a drain of the pleura on the second day of a collapsed lung.\n"
    )
    tab = visitor().tab("Ask")
    tab.here.get_by_text("Documents of your own").click()
    tab.here.locator("input[type=file]").first.set_input_files(own)
    expect(tab.here.get_by_text("ward notes.md · 1 passage")).to_be_visible()
    answer = ask(tab, "What does the zebra protocol ask for in a collapsed lung?")
    expect(answer).to_contain_text("second day")
    expect(tab.here.locator(".lb-card").first).to_contain_text("Your document")
    tab.here.get_by_role("button", name="Remove my documents").click()
    expect(tab.here.get_by_text("No documents.")).to_be_visible()


def test_an_image_is_read_on_its_tab_and_can_be_asked_about(visitor: Visitor, images: Path) -> None:
    visit = visitor()
    tab = visit.tab("Ask")
    tab.here.get_by_text("Ask about an image").click()
    tab.here.locator("input[type=file]").last.set_input_files(images / "tile.png")
    tab.here.get_by_text("tile.png").first.wait_for()
    tab.here.get_by_role("button", name="Read as Histology").click()
    visit.tab("Histology").wait_for_reading(read_study(images / "tile.png").digest)
    tab = visit.tab("Ask")
    use = tab.here.get_by_role("radio", name="Histology:")
    use.wait_for()
    use.check()
    answer = ask(tab, "What does this mean?")
    expect(answer.locator(".lb-chip").first).to_be_visible()
    expect(tab.here.locator(".lb-card").filter(has_text="Measured here").first).to_be_visible()


def test_a_language_models_answer_is_checked_and_what_was_sent_is_shown(
    visitor: Visitor, writing: Server, scripted: Endpoint
) -> None:
    tab = visitor(writing.address).tab("Ask")
    true, false = "A small pneumothorax may disappear without treatment [1].", "It is cured with amoxicillin [1]."
    scripted.will(says(f"{true} {true} {false}"))
    answer = ask(tab, f"My name is Jane Miller, born 3 May 1961. {QUESTION}")
    expect(answer.locator(".lb-struck")).to_have_count(1)
    expect(answer).to_contain_text("Written by scripted")
    sent = scripted.history[-1].raw.decode()
    assert "Miller" not in sent and "1961" not in sent and KEY not in tab.page.content()
    answer.locator(".lb-ledger summary").click()
    assert "[name]" in answer.locator(".lb-ledger pre").first.inner_text()


def test_a_failing_language_model_leaves_the_sources_own_sentences(
    visitor: Visitor, writing: Server, scripted: Endpoint
) -> None:
    scripted.will(fails(500))
    answer = ask(visitor(writing.address).tab("Ask"), QUESTION)
    expect(answer).to_contain_text("500")
    expect(answer).to_contain_text("the sources' own sentences")
    expect(answer.locator(".lb-chip").first).to_be_visible()
