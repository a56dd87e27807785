"""Pneumonia on the chest film of a small child, from the 28 by 28 pixels of PneumoniaMNIST."""
