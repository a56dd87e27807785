"""Predictions of several models to one risk score."""
