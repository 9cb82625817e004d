"""Tables of this room with a person's rows; whoever erases or merges a contact asks here.

Whoever adds a table with a ``contact_id`` adds it here; a test compares with the database.
"""

PERSON_TABLES: tuple[str, ...] = ("contact_import_row",)
