"""One module per command, named as the command; each defines ``register(app)``, which adds it to the command line."""
