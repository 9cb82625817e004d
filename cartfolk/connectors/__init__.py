"""Connectors: one folder a platform; they know a shop's API and nothing about our database."""
