from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from cnnlab import datasets, settings
from cnnlab.datasets.own import drafts, jobs
from cnnlab.datasets.own.pictures import Preparation
from tests.datasets.own.making import encoded, picture, two_classes

OWNER = "a" * 32
LIMIT_SECONDS = 60.0

pytestmark = pytest.mark.slow


@pytest.fixture
def draft() -> drafts.Draft:
    draft = drafts.draft(OWNER)
    for path, content in two_classes(5).items():
        draft.add_picture(path.split("/")[1], content, "1.jpg")
    return draft


def test_a_draft_becomes_a_data_set_in_a_process_of_its_own(draft: drafts.Draft) -> None:
    job = jobs.start(OWNER, "Mugs", Preparation(side=32))
    assert jobs.start(OWNER, "Again", Preparation()) is job
    assert jobs.current(OWNER) is job
    assert job.wait(LIMIT_SECONDS)
    assert (job.done, job.total, job.error) == (10, 10, None)
    info = datasets.info(str(job.name))
    assert (info.title, info.images) == ("Mugs", 10)
    assert draft.empty
    assert draft.classes() == []
    jobs.forget(OWNER)
    assert jobs.current(OWNER) is None


def test_a_draft_that_waited_for_days_is_not_swept_away_by_its_own_import(draft: drafts.Draft) -> None:
    long_ago = time.time() - 10 * drafts.KEPT_SECONDS
    os.utime(draft.folder, (long_ago, long_ago))
    job = jobs.start(OWNER, "Mugs", Preparation(side=32))
    assert job.wait(LIMIT_SECONDS)
    assert (job.done, job.error) == (10, None)


def test_uploads_under_way_share_one_room(draft: drafts.Draft, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CNNLAB_UPLOAD_BYTES", str(100_000 + settings.get().upload_bytes - draft.room()))
    settings.get.cache_clear()
    room = min(100_000, draft.room())
    first, second = (draft.target(f"{number}.zip") for number in "12")
    with draft.receiving(first) as one, draft.receiving(second) as two:
        one.write(bytes(room - 10))
        with pytest.raises(drafts.UploadRefused, match="There is room for"):
            two.write(bytes(11))
        two.write(bytes(10))


def test_what_makes_no_data_set_is_said_and_the_draft_stays(draft: drafts.Draft) -> None:
    draft.add_picture("cup", encoded(picture()), "1.jpg")
    job = jobs.start(OWNER, "Mugs", Preparation())
    assert job.wait(LIMIT_SECONDS)
    assert job.error is not None
    assert "Too few pictures: “cup” (1)." in job.error
    assert not draft.empty


def test_an_import_is_cancelled(draft: drafts.Draft, home: Path) -> None:
    job = jobs.start(OWNER, "Mugs", Preparation())
    job.cancel()
    assert job.wait(LIMIT_SECONDS)
    assert job.name is None
    assert job.error == "The import was cancelled. The pictures are still here."
    assert not draft.empty


def test_a_process_that_cannot_be_started_is_said(
    draft: drafts.Draft, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    job = jobs.start(OWNER, "Mugs", Preparation())
    assert job.wait(LIMIT_SECONDS)
    assert job.error == "The import could not be started: No such file or directory."
