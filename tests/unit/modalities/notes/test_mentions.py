"""Names of diseases are found as whole words; abbreviations as they are written."""

from streams.modalities.notes.mentions import mentions, outside

DIABETES = ("(?:type 2 )?diabetes", "DM")


def test_names_are_found_in_any_case_and_the_longest_wins():
    text = "Type 2 Diabetes and DIABETES"
    assert [text[a:b] for a, b in mentions(text, DIABETES)] == ["Type 2 Diabetes", "DIABETES"]


def test_an_abbreviation_has_to_stand_as_it_is_written():
    assert mentions("dm Dm DMX xDM", DIABETES) == ()
    assert mentions("DM.", DIABETES) == ((0, 2),)


def test_no_names_find_nothing():
    assert mentions("diabetes", ()) == ()


def test_what_touches_a_cover_is_not_outside():
    assert outside([(0, 4), (6, 9), (12, 14)], [(3, 5), (9, 12)]) == ((6, 9), (12, 14))
