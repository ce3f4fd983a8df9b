"""Things that could each be a library of their own: the clock, ids, text in JSON. No word of delivery comes in here."""
