"""The heads of the network: what a note may be about, and the diseases that it may document."""

from __future__ import annotations

from typing import NamedTuple


class Condition(NamedTuple):
    """One documented disease, and its names as notes write them (see `streams.modalities.notes.mentions`)."""

    name: str
    words: str
    names: tuple[str, ...]


ABOUT = {
    "cardiovascular": "Probability that the note belongs to cardiovascular and pulmonary medicine, as people "
    "file notes.",
    "cardiac": "Probability that people who title and index the note would use a cardiac term.",
}
DOCUMENTED = (
    Condition("dementia", "dementia", (r"dementias?", r"demented", r"alzheimer'?s?(?: (?:disease|type|dementia))?")),
    Condition(
        "diabetes",
        "diabetes mellitus",
        (
            r"(?:type (?:1|2|i|ii|one|two) )?(?:non-?insulin[- ]dependent |insulin[- ]dependent |"
            r"insulin-requiring |adult[- ]onset |"
            r"gestational )?(?:diabetes(?! insipidus)(?: mellitus)?|diabetics?)(?:,? type (?:1|2|i|ii|one|two))?",
            r"prediabet(?:es|ic)",
            r"T[12]DM", r"N?IDDM", r"(?:type (?:1|2|I|II) )?DM ?(?:1|2|I|II|type (?:1|2|I|II))?", r"AODM", r"DKA",
        ),
    ),
    Condition(
        "pneumonia",
        "pneumonia",
        (r"(?:broncho|pleuro)?pneumonias?", r"pneumonic", r"PNA", r"(?:CAP|HAP|VAP)(?= (?:on|with|treated))"),
    ),
    Condition(
        "breast-cancer",
        "breast cancer",
        (
            r"(?:(?:left|right|bilateral|metastatic|inflammatory|invasive|infiltrating|intraductal) )*breast,? "
            r"(?:cancers?|carcinomas?|ca|malignancy|neoplasms?|tumou?rs?|adenocarcinoma)",
            r"(?:cancers?|carcinomas?|adenocarcinoma|malignancy|malignant neoplasm|ca) (?:of|in) (?:(?:the|her|"
            r"his|both|left|right|"
            r"bilateral|upper|lower|inner|outer|female) )*breasts?",
            r"(?:(?:invasive|infiltrating|in situ|intraductal) )*(?:ductal|lobular|mammary|intraductal) (?:cell "
            r")?(?:carcinomas?|"
            r"adenocarcinoma)(?: in[ -]situ)?",
            r"DCIS", r"LCIS",
        ),
    ),
)  # fmt: skip
HEADS = (*ABOUT, *(one.name for one in DOCUMENTED))
