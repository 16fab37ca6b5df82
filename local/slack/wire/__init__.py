"""Calls, scopes, ids and text on the wire."""
