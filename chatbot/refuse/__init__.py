"""Whether evidence answers a question: decided from both, without a language model."""

from chatbot.refuse.judge import Judge, Verdict

__all__ = ["Judge", "Verdict"]
