"""Clinical notes that lie elsewhere: fetched from the servers of the settings, and from no other."""
