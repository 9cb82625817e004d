"""Tables of this room with a person's rows; whoever erases or merges a contact asks here.

Whoever adds a table with a ``contact_id`` adds it here; a test compares with the database.
"""

PERSON_TABLES: tuple[str, ...] = (
    "customer",
    "orders",
    "order_line",
    "refund",
    "order_event",
    "cart",
    "cart_line",
    "cart_event",
    "consent_event",
    "conversion",
    "contact_dirty",
    "contact_due",
)

# Made from the rows of the others: put back as they were, a refresh makes them true again.
DERIVED_TABLES: tuple[str, ...] = ("conversion", "contact_due")
QUEUES: tuple[str, ...] = ("contact_dirty",)
