"""An independent count, from the topics alone, that nothing is missing and every last score is right."""
