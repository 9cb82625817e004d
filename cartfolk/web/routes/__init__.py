"""Further pages, a module a topic; urls.py puts them together."""
