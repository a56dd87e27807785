"""Recorded or simulated FHIR resources onto one time line and onto the replay topic, with the clock in replay mode."""
