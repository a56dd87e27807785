"""A policy of alerts tried on recorded feeds, without a broker: what it would have called, how often and how early."""
