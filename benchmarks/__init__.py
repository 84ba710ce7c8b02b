"""How fast the program is, and against whom. Run by hand; each module prints a table with the machine's name."""
