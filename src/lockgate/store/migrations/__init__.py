"""How the tables came to be: one step a file in versions/, never changed after its release. No code of the store."""
