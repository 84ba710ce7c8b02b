"""Medical questions answered from cited evidence."""
