"""Customers, orders and lines from files: CSV and JSON Lines of any size, for shops no connector knows.

    table     a file as rows, whatever its encoding and separator; a few rows of it are in memory
    columns   which column is which field: found by its name, or said
    cells     what people write in tables (1.234,56 · 03.04.2026 · ja) as the envelope wants it
    load      rows -> envelopes -> deliveries; a dry run stops before the last step

The rest is the ordinary way: an imported file is as good as what a shop sends through the ingest door, and
importing it again changes nothing.
"""
