"""Tables of this room with a person's rows; whoever erases or merges a contact asks here.

Whoever adds a table with a ``contact_id`` adds it here; a test compares with the database.
"""

PERSON_TABLES: tuple[str, ...] = ("contact_segment", "segment_log", "segment_due")

# Made from the rows of the others: put back as they were, a refresh makes them true again.
DERIVED_TABLES: tuple[str, ...] = ("segment_due",)
