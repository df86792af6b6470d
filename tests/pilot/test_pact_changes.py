"""Differences between two texts of the pact."""

import time

from pilot.selectors.text_changes import Words, compare_texts, is_changed

OLD = "We work together.\n\nEverybody can take part in the council.\n\nWe report every year."


def kinds(old, new):
    return [paragraph.kind for paragraph in compare_texts(old, new)]


def test_equal_texts_have_no_changes():
    assert not is_changed(compare_texts(OLD, OLD.replace("\n", "\r\n")))
    assert compare_texts("", "") == []


def test_changed_words_are_marked_within_their_paragraph():
    changes = compare_texts(OLD, OLD.replace("every year", "every quarter"))

    assert [change.kind for change in changes] == ["same", "same", "changed"]
    assert changes[2].words == [
        Words("same", "We report every "),
        Words("removed", "year."),
        Words("added", "quarter."),
    ]


def test_words_that_came_or_went_alone_are_marked():
    short, long = "We meet here every month in the hall.", "We meet here every month in the old hall."

    assert compare_texts(short, long)[0].words[1] == Words("added", "old ")
    assert compare_texts(long, short)[0].words[1] == Words("removed", "old ")


def test_a_changed_comma_is_a_change():
    assert kinds(OLD, OLD.replace("together.", "together,")) == ["changed", "same", "same"]


def test_added_and_removed_paragraphs_stand_where_they_are():
    assert kinds(OLD, "Preamble about something else.\n\n" + OLD) == ["added", "same", "same", "same"]
    assert kinds(OLD, OLD.partition("\n\n")[2]) == ["removed", "same", "same"]
    assert kinds(OLD, "") == ["removed"] * 3
    assert kinds("", OLD) == ["added"] * 3


def test_paragraph_that_moved_is_shown_once_as_moved():
    first, second, third = OLD.split("\n\n")

    changes = compare_texts(OLD, "\n\n".join([second, third, first]))

    assert [change.kind for change in changes] == ["same", "same", "moved"]
    assert changes[2].words == [Words("same", first)]


def test_paragraph_that_moved_and_changed_has_its_words_marked():
    first, second, third = OLD.split("\n\n")
    edited = second.replace("council", "assembly")

    changes = compare_texts(OLD, "\n\n".join([first, third, edited]))

    assert [change.kind for change in changes] == ["same", "same", "moved"]
    assert Words("removed", "council.") in changes[2].words
    assert Words("added", "assembly.") in changes[2].words


def test_replaced_block_pairs_the_paragraphs_that_resemble_each_other():
    new = "Quite another beginning here.\n\nEverybody can take part in the assembly.\n\nEnd of all things."

    assert kinds(OLD, new) == ["added", "removed", "changed", "added", "removed"]


def test_many_short_paragraphs_take_little_time():
    old = "\n\n".join(f"{number % 7} a" for number in range(4_000))
    new = "\n\n".join(f"{number % 5} b" for number in range(4_000))
    started = time.process_time()

    changes = compare_texts(old, new)

    assert is_changed(changes)
    assert time.process_time() - started < 5
