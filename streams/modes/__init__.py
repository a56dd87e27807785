"""Which versions of which models speak at this site, and what a change of that means; pure."""
