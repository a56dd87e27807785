"""One patient's clinical facts over time: a pure data structure and its encoding."""
