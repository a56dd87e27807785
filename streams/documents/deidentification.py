"""Names, numbers and addresses taken out of a note before anything else is done with it; presidio, failing closed."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from streams.errors import ContractError, RejectedMessage

Deidentify = Callable[[str], str]
"""Returns a text in which each thing that identifies somebody is replaced by its kind, such as ``<PERSON>``."""

_NAME = r"[A-Z][\w'’-]+(?:[ ,]+(?:[A-Z]\.|[A-Z][\w'’-]+)){0,3}"
_NUMBER = r"[ \t]*(?:no\.?|number|num\.?|id)?[ \t]*[:#]?[ \t]*[A-Z]{0,4}[-/]?\d[\d/-]{3,}"
_MONTHS = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*"
PATTERNS: dict[str, tuple[str, ...]] = {
    "PERSON": (
        rf"\b(?:Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Sr|Nurse|Doctor)\b\.?[ ]+{_NAME}",
        rf"\b(?:Patient|PATIENT|Patient [Nn]ame|PATIENT NAME|Name|NAME|Next of [Kk]in|Dictated [Bb]y|Signed [Bb]y|"
        rf"Attending|Physician|Surgeon|Referring [Pp]rovider|Author|cc)[ \t]*:[ \t]*{_NAME}",
        rf"\b{_NAME},? (?:M\.?D|D\.?O|R\.?N|PhD|MBBS|PA-C|NP)\b\.?",
    ),
    "ID_NUMBER": (
        rf"\b(?:[Mm][Rr][Nn]|[Mm]edical [Rr]ecord|[Rr]ecord|[Pp]atient|[Aa]ccount|[Aa]ccession|[Cc]ase|[Hh]ospital|NHS|"
        rf"[Ii]nsurance|[Pp]olicy|SSN|[Ss]ocial [Ss]ecurity){_NUMBER}",
        r"\b\d{3}-\d{2}-\d{4}\b",
    ),
    "DATE": (
        r"\b\d{1,2}[/.-]\d{1,2}[/.-](?:\d{4}|\d{2})\b",
        r"\b\d{4}-\d{2}-\d{2}\b",
        rf"\b(?:\d{{1,2}} )?{_MONTHS}\.? (?:\d{{1,2}}(?:st|nd|rd|th)?,? )?\d{{4}}\b",
    ),
    "CONTACT": (
        r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+\b",
        r"\b(?:https?://|www\.)[^\s<>\"]+",
        r"(?:\+\d{1,3}[ .-]?)?(?:\(\d{2,4}\)[ .-]?|\b\d{2,4}[ .-])\d{3,4}[ .-]\d{3,4}\b",
    ),
    "ADDRESS": (
        r"\b\d{1,5} (?:[A-Z][\w'’-]+ ){1,3}"
        r"(?:Street|St|Avenue|Ave|Road|Rd|Lane|Ln|Drive|Dr|Boulevard|Blvd|Court|Ct|Way)\b\.?",
    ),
}
"""Kind to what it looks like; a name without title, label or degree is found by a language model alone."""
_BY_LANGUAGE = ("PERSON", "LOCATION")
_LANGUAGE = "en"
_SCORE = 0.6


def deidentifier(kind: str, model: str) -> Deidentify | None:
    """Return what takes identities out of a note; None where the site wants it off.

    Parameters
    ----------
    kind
        ``off`` or ``presidio``.
    model
        spaCy model that finds names and places; empty for patterns alone.

    Raises
    ------
    ContractError
        Where the libraries or the model are not installed: nothing is read then.
    """
    if kind == "off":
        return None
    try:
        analyzer, anonymizer = _engines(model)
    except Exception as error:
        raise ContractError(
            f"notes: expected presidio{f' and the spaCy model {model}' if model else ''}, "
            f'received {type(error).__name__}; run: pip install "cardiostream[deid]"'
            + (", and install the model" if model else "")
        ) from None
    return lambda text: _replaced(text, analyzer, anonymizer, model)


def _replaced(text: str, analyzer: Any, anonymizer: Any, model: str) -> str:
    """Return the text without identities; RejectedMessage ``deidentification`` where it could not be made."""
    entities = [*PATTERNS, *(_BY_LANGUAGE if model else ())]
    try:
        found = analyzer.analyze(text=text, language=_LANGUAGE, entities=entities, score_threshold=0.3)
        result = anonymizer.anonymize(text=text, analyzer_results=found)
    except Exception as error:  # whatever it is, the note must not go on as it is
        expected = "a text that presidio can take identities out of"
        raise RejectedMessage("deidentification", "attachment", expected, type(error).__name__) from None
    return str(result.text)


def _engines(model: str) -> tuple[Any, Any]:
    from presidio_analyzer import AnalyzerEngine, Pattern, PatternRecognizer, RecognizerRegistry
    from presidio_analyzer.predefined_recognizers import SpacyRecognizer
    from presidio_anonymizer import AnonymizerEngine

    registry = RecognizerRegistry(supported_languages=[_LANGUAGE])
    # The library's own recognisers for addresses of the web fetch a list from the internet; these do not.
    for entity, expressions in PATTERNS.items():
        patterns = [Pattern(f"{entity}-{n}", expression, _SCORE) for n, expression in enumerate(expressions)]
        registry.add_recognizer(
            PatternRecognizer(supported_entity=entity, patterns=patterns, global_regex_flags=re.MULTILINE)
        )
    if model:
        registry.add_recognizer(SpacyRecognizer(supported_language=_LANGUAGE))
    engine = AnalyzerEngine(nlp_engine=_language(model), registry=registry, supported_languages=[_LANGUAGE])
    return engine, AnonymizerEngine()


def _language(model: str) -> Any:
    import spacy
    from presidio_analyzer.nlp_engine import SpacyNlpEngine

    class Loaded(SpacyNlpEngine):  # type: ignore[misc, unused-ignore]
        """A language that is here already, so that nothing is downloaded."""

        def __init__(self) -> None:
            super().__init__()
            self.nlp = {_LANGUAGE: spacy.load(model) if model else spacy.blank(_LANGUAGE)}

    return Loaded()
