"""Workspaces and installations: what operators chose, accepted and were told."""
