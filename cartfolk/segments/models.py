"""The room's tables are SQL (migrations/0001_initial.sql); Django tells only apps with this module of a migrate."""
