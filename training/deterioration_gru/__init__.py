"""A gated recurrent network over the last 48 hours of vital signs and laboratory values."""
