"""The design's editor: every edit is undone exactly, and ids follow their layers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnlab.errors import SpecError
from cnnlab.spec import presets
from cnnlab.spec.layers import KINDS, Dropout, Flatten
from cnnlab.ui.editor import HISTORY, OUTPUT, Editor, Snapshot

EDITS = st.one_of(
    st.tuples(st.just("add"), st.sampled_from(list(KINDS))),
    st.tuples(st.just("move"), st.integers(-3, 3)),
    st.tuples(st.just("duplicate")),
    st.tuples(st.just("remove")),
    st.tuples(st.just("select"), st.sampled_from([OUTPUT, "L1", "L2", "L5", "gone"])),
)


@pytest.fixture
def editor() -> Editor:
    return Editor.open(presets.preset("fashion_mnist").design)


def kinds(editor: Editor) -> list[str]:
    return [layer.kind for layer in editor.now.design.architecture.layers]


def reopened(editor: Editor) -> Editor:
    """The editor as the next rerun of the page has it: made anew from plain data."""
    return Editor(Snapshot.unpack(editor.now.pack()), editor.past, editor.future)


def test_adding_puts_the_layer_behind_the_selected_one_and_selects_it(editor: Editor) -> None:
    edited = editor.select("L2").add("Dropout")
    assert kinds(edited)[:4] == ["Conv2D", "MaxPooling2D", "Dropout", "Conv2D"]
    assert edited.now.layer == Dropout()


def test_adding_while_the_output_is_selected_puts_the_layer_last(editor: Editor) -> None:
    assert kinds(editor.select(OUTPUT).add("Flatten"))[-1] == "Flatten"


def test_moving_a_layer_keeps_its_id_and_the_selection(editor: Editor) -> None:
    edited = editor.select("L2").move(-1)
    assert kinds(edited)[:2] == ["MaxPooling2D", "Conv2D"]
    assert edited.now.ids[:2] == ("L2", "L1")
    assert edited.now.selected == "L2"


def test_moving_past_the_ends_changes_nothing_that_undo_would_count(editor: Editor) -> None:
    assert editor.select("L1").move(-1).past == ()


def test_removing_selects_the_layer_that_takes_its_place(editor: Editor) -> None:
    edited = editor.select("L2").remove()
    assert "L2" not in edited.now.ids
    assert edited.now.selected == "L3"


def test_the_output_can_be_neither_removed_nor_moved_nor_duplicated(editor: Editor) -> None:
    locked = editor.select(OUTPUT)
    assert locked.remove() == locked.move(-1) == locked.duplicate() == locked


def test_a_change_reaches_the_layer_and_nothing_else(editor: Editor) -> None:
    edited = editor.change("L1", filters=8)
    before, after = editor.now.design.architecture.layers, edited.now.design.architecture.layers
    assert after[0].filters == 8
    assert after[1:] == before[1:]


def test_a_change_that_the_declaration_forbids_is_refused_in_words(editor: Editor) -> None:
    with pytest.raises(SpecError, match="filters: expected a whole number from 1 to 2048. Received 0"):
        editor.change("L1", filters=0)


def test_applying_a_mend_keeps_the_ids_of_the_layers_it_keeps(editor: Editor) -> None:
    broken = reopened(editor.select("L6").remove())
    mend = broken.now.design.architecture.trace().problems[0].mend
    assert mend is not None
    mended = broken.apply(mend)
    assert mended.now.design.architecture.trace().ok
    assert Flatten() in mended.now.design.architecture.layers
    assert set(broken.now.ids) < set(mended.now.ids)


def test_a_layer_that_a_mend_changes_keeps_its_id_and_stays_selected(editor: Editor) -> None:
    broken = reopened(editor.change("L1", kernel_size=40, padding="valid").select("L1"))
    mend = broken.now.design.architecture.trace().problems[0].mend
    assert mend is not None
    mended = broken.apply(mend)
    assert mended.now.ids == broken.now.ids
    assert mended.now.selected == "L1"
    assert mended.now.layer != broken.now.layer


def test_redo_is_gone_after_a_new_edit(editor: Editor) -> None:
    assert editor.add("Dropout").undo().add("Flatten").future == ()


def test_no_more_steps_are_kept_than_the_history_holds(editor: Editor) -> None:
    for _ in range(HISTORY // 2 + 10):
        editor = editor.select("L1").duplicate().remove()
    assert len(editor.past) == HISTORY


@given(st.lists(EDITS, max_size=15))
def test_undoing_everything_gives_the_first_design_and_redoing_the_last(edits: list[tuple]) -> None:
    first = Editor.open(presets.preset("digits").design)
    editor = first
    for name, *arguments in edits:
        editor = getattr(editor, name)(*arguments)
        assert len(set(editor.now.ids)) == len(editor.now.design.architecture.layers)
        assert editor.now.selected in (*editor.now.ids, OUTPUT)
    last = editor.now.design
    steps = len(editor.past)
    for _ in range(steps):
        editor = editor.undo()
    assert editor.now.design == first.now.design
    for _ in range(steps):
        editor = editor.redo()
    assert editor.now.design == last


def test_a_packed_snapshot_is_plain_data_and_comes_back_equal(editor: Editor) -> None:
    packed = editor.now.pack()
    assert [type(part) for part in packed] == [str, tuple, str]
    assert Snapshot.unpack(packed) == editor.now
