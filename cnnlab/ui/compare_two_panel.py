"""Two runs in detail: the difference of their confusion matrices, and one image through both."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import streamlit as st

from cnnlab.analysis.answer import describe_probabilities
from cnnlab.analysis.metrics import Evaluation, Scale
from cnnlab.analysis.ordering import in_turn
from cnnlab.datasets import Dataset
from cnnlab.figures.difference import describe_difference, difference
from cnnlab.figures.probabilities import two_answers
from cnnlab.figures.theme import CONFIG
from cnnlab.ui import evaluate_panel, run_view, words
from cnnlab.ui.compare_runs import Compared
from cnnlab.ui.enlarged import enlarged

_SCALES: dict[Scale, str] = {"counts": "Counts", "rows": "By row"}
_IMAGE = "cnnlab-compare-image"

Pair = tuple[Compared, Compared]


def no_result(each: Compared) -> str:
    """Why a run is left out."""
    return f"'{words.plain(each.name)}' has no result to compare: {run_view.status_words(each.run)}"


def matrices(chosen: Sequence[Compared]) -> None:
    """The confusion matrix of the second run minus that of the first."""
    pair = _pair(chosen, "matrices")
    if pair is None:
        return
    first, second = (evaluate_panel.answers(each.run) for each in pair)
    if first.class_names != second.class_names:
        names = [words.plain(each.name) for each in pair]
        st.info(
            f"'{names[0]}' knows other classes ({_listed(first)}) than '{names[1]}' "
            f"({_listed(second)}): their matrices cannot be subtracted. Choose two runs of the same classes.",
            icon=":material/compare_arrows:",
        )
        return
    # Counts of unequal test sets would differ for want of images, not of skill.
    alike = np.array_equal(first.confusion.sum(axis=1), second.confusion.sum(axis=1))
    scale = _scale() if alike else "rows"
    chart, text = st.columns([7, 4], gap="large")
    with chart:
        st.plotly_chart(
            difference(first.confusion, second.confusion, first.class_names, scale=scale),
            config=CONFIG,
            alt=describe_difference(first.confusion, second.confusion, first.class_names),
            key=f"w-compare-difference-{scale}",
        )
    with text:
        _reading(pair, first, second, scale)


def _scale() -> Scale:
    scale: Scale = st.segmented_control(
        "What the cells say",
        list(_SCALES),
        default="counts",
        required=True,
        key="w-compare-scale",
        format_func=_SCALES.__getitem__,
        label_visibility="collapsed",
    )
    return scale


def _reading(pair: Pair, first: Evaluation, second: Evaluation, scale: Scale) -> None:
    """How the difference is read, and what it comes to."""
    names = [words.plain(each.name) for each in pair]
    classes = [words.plain(name) for name in first.class_names]
    st.markdown(describe_difference(first.confusion, second.confusion, classes))
    st.markdown(
        f"**Blue**: '{names[1]}' does better than '{names[0]}' there, with more right answers or fewer wrong "
        "ones. **Orange**: it does worse."
    )
    of = "" if scale == "counts" else "of a hundred "
    st.caption(f"Each number: how many more or fewer {of}images of the row's class are called the column's.")
    if not np.array_equal(first.labels, second.labels):
        st.caption("The two were tested on different images: small differences may be chance.")


def image(chosen: Sequence[Compared]) -> None:
    """One test image of both runs, and what each network says of it."""
    pair = _pair(chosen, "image")
    if pair is None:
        return
    if pair[0].design.dataset != pair[1].design.dataset:
        told = [f"'{words.plain(each.name)}' looks at {words.plain(each.data_title)}" for each in pair]
        st.info(
            f"{', '.join(told)}: no image fits both. Choose two runs of one data set.",
            icon=":material/compare_arrows:",
        )
        return
    data = [run_view.test_set(each.run) for each in pair]
    shared, *places = np.intersect1d(data[0].test.indices, data[1].test.indices, return_indices=True)
    if not len(shared):
        st.info(
            "No image is a test image of both runs, and one that a network was trained on is no test. "
            "Train one of them again with the other's seed.",
            icon=":material/compare_arrows:",
        )
        return
    first, second = (evaluate_panel.answers(each.run) for each in pair)
    apart = np.flatnonzero(first.predictions[places[0]] != second.predictions[places[1]])
    index = int(min(st.session_state.get(_IMAGE, int(apart[0]) if len(apart) else 0), len(shared) - 1))
    left, right = st.columns([4, 7], gap="large")
    with left:
        _picture(data[0], int(places[0][index]), f"Image **{index + 1:,}** of {len(shared):,}")
        _choice(index, len(shared), apart)
    with right:
        _answers(pair, [first, second], [int(place[index]) for place in places])


def _answers(pair: Pair, evaluations: Sequence[Evaluation], places: Sequence[int]) -> None:
    answers = [evaluation.probabilities[place] for evaluation, place in zip(evaluations, places, strict=True)]
    names, actual = evaluations[0].class_names, int(evaluations[0].labels[places[0]])
    titles = [each.name for each in pair]
    told = [describe_probabilities(answer, names, actual=actual) for answer in answers]
    sentences = [
        f"**{words.plain(title)}**: {words.plain(text)}" for title, text in zip(titles, told, strict=True)
    ]
    st.markdown("  \n".join(sentences))
    st.plotly_chart(
        two_answers(answers, titles, names, actual=actual),
        config=CONFIG,
        alt=" ".join(f"{title}: {text}" for title, text in zip(titles, told, strict=True)),
        key="w-compare-answers",
    )


def _picture(data: Dataset, place: int, title: str) -> None:
    """A test image of the first run, which the second was not trained on either."""
    name = data.class_names[int(data.test.labels[place])]
    enlarged(data.images[data.test.indices[place]], f"Test image {place}: {name}")
    st.markdown(f"{title} that neither run was trained on: **{words.plain(name)}**")


def _choice(index: int, count: int, apart: npt.NDArray[np.int64]) -> None:
    """The ways to another image.

    Args:
        index: of the image among those that both runs were tested on.
        count: how many those are.
        apart: `(n,) int64`, which of them the two call by different names.
    """
    st.session_state["w-compare-image"] = index + 1
    st.number_input(
        "Number of the image",
        1,
        count,
        key="w-compare-image",
        on_change=lambda: _go_to(st.session_state["w-compare-image"] - 1),
        width=200,
    )
    with st.container(horizontal=True, gap="xsmall"):
        st.button(
            "Any",
            key="w-compare-any",
            icon=":material/casino:",
            help="Another image",
            on_click=lambda: _go_to(in_turn(np.arange(count), index)),
        )
        st.button(
            "They disagree",
            key="w-compare-apart",
            icon=":material/call_split:",
            help="Another image that the two call by different names",
            disabled=not len(apart),
            on_click=lambda: _go_to(in_turn(apart, index)),
        )
    st.caption(
        f"The two call {len(apart):,} of these {count:,} images by different names."
        if len(apart)
        else f"The two give all {count:,} images the same names."
    )


def _pair(chosen: Sequence[Compared], key: str) -> Pair | None:
    """Two of the runs that have a result, by choice where there are more; says which have none."""
    ready = {each.run.id: each for each in chosen if each.has_result}
    if len(ready) < 2:
        waiting = [no_result(each) for each in chosen if not each.has_result]
        st.info("  \n".join(waiting), icon=":material/hourglass_empty:")
        return None
    ids = list(ready)
    if len(ready) > 2:
        picked = []
        with st.container(horizontal=True):
            for side, label in enumerate(("First run", "Second run")):
                picked.append(_side(f"cnnlab-compare-{side}", f"w-compare-{key}-{side}", label, ready, side))
        ids = picked
    if ids[0] == ids[1]:
        st.info("Choose two different runs.", icon=":material/compare_arrows:")
        return None
    return ready[ids[0]], ready[ids[1]]


def _side(kept: str, key: str, label: str, ready: dict[str, Compared], side: int) -> str:
    """One side of the pair; the choice is the same in every tab."""
    ids = list(ready)
    chosen = st.session_state.get(kept)
    st.session_state[key] = chosen if chosen in ready else ids[side]

    def changed() -> None:
        st.session_state[kept] = st.session_state[key]

    return str(
        st.selectbox(
            label, ids, key=key, format_func=lambda run_id: ready[run_id].name, on_change=changed, width=280
        )
    )


def _go_to(index: int) -> None:
    st.session_state[_IMAGE] = index


def _listed(evaluation: Evaluation, limit: int = 4) -> str:
    names = evaluation.class_names
    return words.plain(", ".join(names[:limit])) + (", …" if len(names) > limit else "")
