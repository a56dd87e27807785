"""Measurements: each module prints a table; nothing here is a test."""
