"""Passages found for a question: by words, by meaning, fused, and put in order."""

from chatbot.search.embed import Embedder
from chatbot.search.index import Hit, PassageIndex
from chatbot.search.passages import Passage

__all__ = ["Embedder", "Hit", "Passage", "PassageIndex"]
