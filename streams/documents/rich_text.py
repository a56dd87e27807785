"""Rich Text Format to its text."""

from __future__ import annotations

from striprtf.striprtf import rtf_to_text

from streams.errors import RejectedMessage

_START = "{\\rtf"


def text_of_rtf(content: bytes) -> str:
    """Return the text of an RTF document (Rich Text Format Specification 1.9.1); its own code page counts.

    Raises
    ------
    RejectedMessage
        ``not-rtf``, ``encoding``.
    """
    # RTF is ASCII; what lies beyond is written by older programs as it is in the code page of Windows.
    source = content.decode("cp1252", errors="replace").lstrip("\ufeff \t\r\n")
    if not source.startswith(_START):
        raise RejectedMessage("not-rtf", "attachment", "a document that begins as RTF does", "another beginning")
    try:
        text: str = rtf_to_text(source, encoding="cp1252", errors="strict")
    except (UnicodeError, LookupError):
        raise RejectedMessage("encoding", "attachment", "text in its own code page", "bytes that are not") from None
    except Exception as error:  # the library raises what its parsing raises
        raise RejectedMessage("not-rtf", "attachment", "a document in RTF", type(error).__name__) from None
    return text
