"""A reading and its words as one record, and the record on paper, as Markdown and as JSON."""
