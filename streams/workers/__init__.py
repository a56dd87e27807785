"""The Faust apps, one module each: thin strings of steps that share a key."""
