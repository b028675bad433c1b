"""PPTOD's comparison, flaw by flaw; worked by hand from `DST/dst.py`."""

import pytest

from tod_metrics.normalization.pptod import parsed, span


def test_span_uses_pptods_slot_words_and_the_first_value():
    state = {"hotel": {"area": ("north", "n"), "book day": ("Monday",)}, "train": {"arriveby": ("10:15",)}}
    assert span(state, bookings=True) == "[hotel] area north day monday [train] arrive 10:15"
    assert span(state, bookings=False) == "[hotel] area north [train] arrive 10:15"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[hotel] area north stars 4", {("hotel", "area"): "north", ("hotel", "stars"): "4"}),
        # trailing s, o, b and e are stripped off the whole span, so off the last value alone
        ("[hotel] area centre", {("hotel", "area"): "centr"}),
        ("[hotel] area centre stars 4", {("hotel", "area"): "centre", ("hotel", "stars"): "4"}),
        ("[hotel] parking yes", {("hotel", "parking"): "y"}),
        ("[hotel] internet no", {("hotel", "internet"): "n"}),
        # a value that contains a slot word is torn apart
        ("[attraction] name people 's art", {("attraction", "name"): "", ("attraction", "people"): "'s art"}),
        ("[hotel] area none stars 4", {("hotel", "stars"): "4"}),
        ("[hotel] name nonesuch inn stars 4", {("hotel", "stars"): "4"}),
        ("[hotel] area dontcare stars 4", {("hotel", "area"): "dontcare", ("hotel", "stars"): "4"}),
        ("[hotel] area cent stars 4", {("hotel", "area"): "centre", ("hotel", "stars"): "4"}),
        ("[hotel] type gallery stars 4", {("hotel", "type"): "none", ("hotel", "stars"): "4"}),
        ("[hotel] area center stars 4", {("hotel", "area"): "center", ("hotel", "stars"): "4"}),
        ("area north [hotel] area south", {("hotel", "area"): "south"}),
        ("[museum] area south", {}),
        ("", {}),
    ],
)
def test_parsed(text, expected):
    assert parsed(text) == expected
