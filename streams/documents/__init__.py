"""Documents of strangers to plain text: bytes and what they are said to be, to the words that a person would read.

Everything is plain Python that keeps to limits: a document may be refused, it cannot take the process down.
"""
