"""Files people bring in, from the upload to the undo.

    upload    the file in the data folder, until it is forgotten
    columns   which column is which property: guessed, then chosen
    rows      a row -> who it is and what to write, or what is wrong with it
    contacts  contacts: find or make, write, note; a check does the same and rolls it back
    shop      customers and orders of a shop: the ordinary deliveries (inbox.files)
    undo      takes back what an import of contacts did, as far as nobody touched it since
    jobs      all of it in the background, a chunk at a time

A chunk is one transaction with its place in the file: killed anywhere, the next one goes on behind it.
"""
