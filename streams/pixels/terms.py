"""Body parts and views as models name them, from the words and codes that equipment writes.

Source: DICOM PS3.16 CID 4009 (regions), 4010 and 4014 (views), Annex L (Body Part Examined).
"""

from __future__ import annotations

MANUFACTURER = "CardioStream"
"""Of what we put into a PACS ourselves (PS3.3 C.7.5.1)."""

BODY_PARTS = {
    "THORAX": "CHEST",
    "BRUSTKORB": "CHEST",
    "MAMMA": "BREAST",
    "CARDIAC": "HEART",
    "51185008": "CHEST",
    "T-D3000": "CHEST",
    "43799004": "CHEST",
    "76752008": "BREAST",
    "T-04000": "BREAST",
    "80891009": "HEART",
    "T-32000": "HEART",
    "39607008": "LUNG",
    "T-28000": "LUNG",
}
"""Other words and SNOMED codes (CT, and RT as older files have them) to the term of Annex L; other terms stay."""
VIEWS = {
    "399348003": "AP",
    "R-10206": "AP",
    "272479007": "PA",
    "R-10214": "PA",
    "399173006": "LL",
    "R-10236": "LL",
    "399198007": "RL",
    "R-10232": "RL",
    "399162004": "CC",
    "R-10242": "CC",
    "399368009": "MLO",
    "R-10226": "MLO",
}
"""Codes of a view to the value that View Position (0018,5101) would have."""
_LONGEST = 32


def body_part(word: str, *codes: str) -> str:
    """Return the body part by (0018,0015), else by the codes beside it; empty where none says it."""
    return _first(BODY_PARTS, word, codes)


def view(word: str, *codes: str) -> str:
    """Return the view by (0018,5101), else by the codes beside it; empty where none says it."""
    return _first(VIEWS, word, codes)


def _first(known: dict[str, str], word: str, codes: tuple[str, ...]) -> str:
    plain = word.strip().upper()[:_LONGEST]
    if plain:
        return known.get(plain, plain)
    return next((known[code] for code in codes if code in known), "")
