"""What goes wrong in the field with products like this one, each failure a test of the real rooms: see README.md."""
