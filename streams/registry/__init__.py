"""The models of a site: what a dropped-in version must keep, how it is switched, and how it compares with another."""
