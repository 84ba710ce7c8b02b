"""A small library of the tests' own."""

from pathlib import Path

ARTICLES = {
    "pneumothorax": (
        "Pneumothorax",
        ["collapsed lung"],
        {
            "What it is": "A pneumothorax is air between lung and chest wall. [1] The lung can collapse. [1, 2]",
            "Symptoms": "A pneumothorax causes sudden chest pain and shortness of breath. [1]",
            "On a chest X-ray": "A chest X-ray shows a thin white line, with no lung markings beyond it. [2]",
        },
    ),
    "lung-cancer-screening": (
        "Screening for lung cancer",
        ["low-dose CT"],
        {
            "For whom": "Screening is meant for people aged 50 to 80 who have smoked much. [1]",
            "Harms": "Screening can find nodules that are harmless. [2] It uses a low dose of radiation. [2]",
        },
    ),
    "glioma": (
        "Glioma",
        ["glial tumour"],
        {
            "What it is": "A glioma is a tumour that grows from the glial cells of the brain. [1]",
            "Symptoms": "A glioma can cause headaches, seizures and weakness of one side. [1, 2]",
            "Treatment in outline": "A glioma is treated with surgery, radiotherapy and medicines. [2]",
        },
    ),
}


def write_article(
    folder: Path,
    slug: str,
    *,
    title: str,
    aliases: list[str],
    sections: dict[str, str],
    checked: str = "2026-11-21",
    extra: str = "",
) -> Path:
    """An article in order, but for what is asked for."""
    folder.mkdir(exist_ok=True)
    body = "\n\n".join(f"## {heading}\n{text}" for heading, text in sections.items())
    front = f"""title = "{title}"
aliases = {aliases}
topic = "tests"
audience = "general"
checked = {checked}
{extra}
[[sources]]
title = "First page"
organisation = "A health service"
url = "https://example.org/first"
published = "2024-05"
[[sources]]
title = "Second page"
organisation = "An institute"
url = "https://example.org/second"
"""
    file = folder / f"{slug}.md"
    file.write_text(f"+++\n{front}+++\n{body}\n", "utf-8")
    return file


def write_library(folder: Path) -> Path:
    """Three articles."""
    for slug, (title, aliases, sections) in ARTICLES.items():
        write_article(folder, slug, title=title, aliases=aliases, sections=sections)
    return folder
