"""One step of the schema a file, in the order of its number; nothing else comes in here."""
