"""What a sentence claims, and whether the findings that it cites support it."""
