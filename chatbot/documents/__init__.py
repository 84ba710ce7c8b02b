"""A visitor's own documents: read, cut into passages, searched, deleted. Nothing in a file is executed."""

from chatbot.documents.document import Document, files_in, read_document
from chatbot.documents.limits import Limits
from chatbot.documents.shelf import Shelf

__all__ = ["Document", "Limits", "Shelf", "files_in", "read_document"]
