"""What workers of slow work share: many records under way at once, waits, versions heard of, questions to models."""
