"""The REST interface, in the shape programs know from HubSpot: docs/api.md."""
