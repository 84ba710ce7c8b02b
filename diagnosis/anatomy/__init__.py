"""Names for places: which part of a body, a slide or a film a pixel belongs to, and how sure that is."""
