"""Which restyled dialogues are dropped, in three readings: strength and direction of style, semantics, naturalness."""
