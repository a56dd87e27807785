"""Alerts that a ward can live with: a policy over one assessment per patient and minute, and over people's words."""
