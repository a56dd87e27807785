"""Questions to servers of the settings over HTTP: where they may go, how long and how large an answer may be."""
