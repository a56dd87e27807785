"""Outlines of lungs and heart on a frontal chest film of an adult, for the cardiothoracic ratio."""
