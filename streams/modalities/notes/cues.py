"""The words by which a note says that something is not so, is of the family, or might be.

After NegEx (Chapman et al., J Biomed Inform 2001;34:301) and ConText (Harkema et al., J Biomed Inform 2009;42:839),
with what transcribed notes use beside them.
"""

from __future__ import annotations

import re


def _any(*words: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(words)})\b", re.IGNORECASE)


_SIDE = r"(?:(?:maternal|paternal|grand|great|step|half)[ -]?)*"
_KIN = (
    r"(?:mother|father|mom|dad|sister|brother|sibling|parent|uncle|aunt|cousin|son|daughter|grandmother|grandfather|"
    r"grandparent|twin|relative|family member)s?"
)
_RELATIVE = _SIDE + _KIN
_SUFFERS = (
    r"(?:had|has|have|with|died|dies|suffer\w*|diagnosed|developed|deceased|passed|underwent|is (?:alive|healthy)|also)"
)
_TELLS = (
    r"(?:noticed|noted|reported|reports|stated|states|observed|said|says|brought|seen|given|tried|denied|denies|"
    r"been (?:told|giving|concerned|noticing)|(?:\w+ )?concerns?|(?:\w+ )?questions?|expressed|agreed|consented|"
    r"requested|"
    r"asked|called)"
)
_WHOSE = r"(?:(?:his|her|the|their|a|both|one|of|two|patient's|\w+ly) ){0,3}"

FAMILY = re.compile(
    rf"\b{_RELATIVE}\b(?:'s)?(?:[ ,]+\w+){{0,3}}?[ ,]+{_SUFFERS}\b(?! {_TELLS})"
    rf"|\b(?:in|of|for|affecting) {_WHOSE}{_RELATIVE}\b"
    rf"|\b{_RELATIVE} ?[:(-] ?\w"
    r"|\bfamily (?:history|hx)\b|\b(?:maternal|paternal)\b|\bruns? in (?:the|his|her|their) family\b|\bFHx?\b",
    re.IGNORECASE,
)
"""Somewhere in a clause that speaks of relatives; a relative who tells of the patient is none."""

NOT_FAMILY = _any(
    r"no family (?:members? )?(?:present|available|at bedside)",
    r"(?:he|she|patient) is (?:a|the) (?:mother|father)",
)

NEGATES = _any(
    r"no(?! (?:change|increase|further|longer|more than|less than|other than|doubt|\d))",
    r"not(?! (?:only|just|certain|sure|known whether|necessarily|been able|able to (?:rule|exclude)))",
    r"without(?! (?:change|difficulty))",
    r"den(?:y|ies|ied|ying)",
    r"negatives? (?:for|history)",
    r"neg for",
    r"free (?:of|from)",
    r"absence of",
    r"lack of",
    r"neither",
    r"nor",
    r"never",
    r"(?:was|were|is|been )?ruled out for",
    r"unremarkable for",
    r"(?:doesn|didn|hasn|hadn|isn|wasn|don)'t",
)
"""Negate what follows in their clause."""

_NOT_FOUND = r"(?:not|none) (?:seen|present|found|noted|identified|detected|suspected)"
NEGATED_BEFORE = re.compile(
    r"\b(?:(?:is|are|was|were|has been|have been|been) "
    rf"(?:ruled out|excluded|absent|negative|unlikely|denied|{_NOT_FOUND})"
    rf"|(?:considered and )?(?:ruled out|excluded)\b(?! for)|{_NOT_FOUND}|unlikely|absent)\b"
    r"|:? ?\b(?:negative|neg|none|absent|denied|denies)[.,;]?$",
    re.IGNORECASE,
)
"""Negate what stands before them in their clause."""

SUPPOSES = _any(
    r"(?:return|call|come back|seek|go)(?: \w+){0,5}? if",
    r"if",
    r"in (?:case|the event) of",
    r"should (?:you|he|she|they|the patient|symptoms)",
    r"unless",
    r"(?:return|call|come back) (?:to \w+ )?(?:for|with)",
    r"watch (?:out )?for",
    r"(?:look out|monitor) for (?:signs|symptoms)",
    r"risks? (?:of|for|and|including|include[ds]?|involved)",
    r"at risk (?:of|for)",
    r"complications (?:of|including|such as)",
    r"potential for",
    r"(?:to )?rule[- ]?out",
    r"r/o",
    r"(?:to )?(?:evaluate|exclude|screen|assess|check) for",
    r"screening for",
    r"to exclude",
    r"(?:evaluation|work-?up) for possible",
    r"educated (?:about|on)",
    r"precautions",
    r"question of",
    r"prevention of",
    r"to prevent",
    r"prophylaxis (?:for|against)",
)
"""Make what follows in their clause a supposition."""

_SUBJECT = r"(?:he|she|patient|pt)"
_VERB = r"(?:has|is|was|had|does|did|reports|complains|developed|presents|states|admits)"
ENDS = re.compile(
    r"\b(?:but|however|except|although|though|nevertheless|yet|still|otherwise|aside from|apart from|besides|"
    r"whereas|while|"
    r"which|because|since|secondary to|due to)\b"
    r"|\band (?:has|is|was|had|does|did|he|she|the patient|who|then|there|now|also)\b"
    rf"|\b{_SUBJECT} {_VERB}\b"
    r"|, (?:has|is|was|had|reports|presents|now|admits|positive|there)\b|[:;]|\. ",
    re.IGNORECASE,
)
"""Where a clause, and with it a scope, ends."""

BREAKS = re.compile(r"\b(?:but|however|whereas|while|although)\b|;", re.IGNORECASE)
"""Where one statement of a sentence ends and another begins, whoever it is about."""
