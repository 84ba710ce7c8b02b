"""Whether synthetic images help; and, beside this file, what was found for each model."""
