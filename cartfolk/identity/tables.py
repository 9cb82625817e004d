"""Tables of this room with a person's rows; whoever erases or merges a contact asks here.

Whoever adds a table with a ``contact_id`` adds it here; a test compares with the database. ``merges.forget``
erases what names a contact in another column: other_id of the pairs, and the records of merges.
"""

PERSON_TABLES: tuple[str, ...] = (
    "contact",
    "identity",
    "reference",
    "account",
    "merge_snapshot",
    "contact_apart",
    "duplicate",
    "duplicate_key",
    "person_link",
)

# What a merge takes along and an undo puts back; the rest is about merges and pairs itself.
NAMES: tuple[str, ...] = ("contact", "identity", "reference", "account")
