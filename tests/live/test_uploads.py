"""Own images through the real route: taken from their owner's page alone, never whole in memory."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import io
import os
import shutil
import socket
import time
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import numpy as np
import pytest

from cnnlab import datasets, settings
from cnnlab.datasets.own import drafts, shelf
from cnnlab.datasets.own.importing import import_source
from cnnlab.datasets.own.pictures import Preparation
from cnnlab.live.owner import OWNER_COOKIE
from cnnlab.live.uploads import UPLOAD_HEADER, UPLOAD_URL
from tests.datasets.own.making import encoded, picture, two_classes, zipped
from tests.live.serving import serving, wait_until

OWNER, OTHER = "a" * 32, "b" * 32


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with (
        serving() as url,
        httpx.Client(
            base_url=url, timeout=20, cookies={OWNER_COOKIE: OWNER}, headers={UPLOAD_HEADER: "1"}
        ) as client,
    ):
        yield client


def send(client: httpx.Client, content: bytes, name: str, into: str = "", **headers: str) -> httpx.Response:
    return client.post(
        f"/{UPLOAD_URL}", params={"name": name, "class": into}, content=content, headers=headers
    )


def files_of(home: Path, owner: str = OWNER) -> list[str]:
    folder = home / "uploads" / owner
    return sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and path.name != ".class"
    )


def test_a_zip_arrives_as_it_was_sent(client: httpx.Client, home: Path, tmp_path: Path) -> None:
    content = zipped(tmp_path / "mugs.zip", two_classes(3)).read_bytes()
    answer = send(client, content, "my mugs.zip")
    assert answer.json() == {"name": "my mugs.zip", "bytes": len(content)}
    assert (home / "uploads" / OWNER / "archive.zip").read_bytes() == content
    draft = drafts.draft(OWNER)
    assert draft.zip_title == "my mugs.zip"
    assert draft.source().listing().counts == {"blue": 3, "red": 3}


def test_pictures_arrive_in_their_classes_and_become_a_data_set(client: httpx.Client, home: Path) -> None:
    for path, content in two_classes(3).items():
        _, into, name = path.split("/")
        assert send(client, content, f"C:\\photos\\{name}", into).status_code == 200
    assert files_of(home) == [f"classes/{name}/{k}.jpg" for name in ("blue", "red") for k in range(3)]
    draft = drafts.draft(OWNER)
    assert draft.classes() == ["red", "blue"]
    name = import_source(draft.source(), "Mugs", Preparation(side=16), owner=OWNER)
    assert datasets.load(name).class_names == ("blue", "red")


def test_two_pictures_of_one_name_are_both_kept(client: httpx.Client, home: Path) -> None:
    for _ in range(3):
        send(client, encoded(picture()), "1.jpg", "red")
    assert files_of(home) == ["classes/red/1 2.jpg", "classes/red/1 3.jpg", "classes/red/1.jpg"]


@pytest.mark.parametrize("into", ["../../etc", "a/../..", "..", "/etc", "C:\\x", "\0", " "])
def test_no_name_leads_out_of_the_draft(into: str, client: httpx.Client, home: Path) -> None:
    send(client, b"x", "../../../1.jpg", into)
    outside = [
        path for path in home.rglob("*.jpg") if not path.is_relative_to(home / "uploads" / OWNER / "classes")
    ]
    assert outside == []
    assert all(len(Path(path).parts) == 3 for path in files_of(home))


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://elsewhere.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Cookie": ""},
        {"Cookie": f"{OWNER_COOKIE}=../../etc"},
    ],
)
def test_only_an_owner_s_own_page_may_send(headers: dict[str, str], client: httpx.Client, home: Path) -> None:
    answer = send(client, b"x", "a.zip", **headers)
    assert answer.status_code == 403
    assert answer.json()["error"].startswith("Uploads are taken from pages of this server only.")
    assert not (home / "uploads").exists()


def test_a_form_of_another_page_is_refused(client: httpx.Client) -> None:
    del client.headers[UPLOAD_HEADER]
    assert send(client, b"x", "a.zip").status_code == 403


def test_our_own_page_behind_a_proxy_may_send(client: httpx.Client) -> None:
    headers = {"Origin": "https://lab.example", "X-Forwarded-Host": "lab.example"}
    assert send(client, b"x", "a.zip", **headers).status_code == 200
    host = urlsplit(str(client.base_url)).netloc
    assert send(
        client, b"x", "a.zip", Origin=f"http://{host}", **{"Sec-Fetch-Site": "same-origin"}
    ).is_success


def test_it_is_found_below_any_folder_too(client: httpx.Client, home: Path) -> None:
    client.base_url = f"{client.base_url}/lab/cnn"
    assert send(client, b"x", "a.zip").status_code == 200
    assert files_of(home) == ["archive.txt", "archive.zip"]


def test_what_is_neither_a_zip_nor_of_a_class_is_refused(client: httpx.Client) -> None:
    answer = send(client, b"x", "photo.jpg")
    assert answer.status_code == 413
    assert answer.json() == {"error": "photo.jpg: expected a zip, or a picture for a class."}


def test_a_file_above_the_limit_is_refused_and_nothing_is_left(
    client: httpx.Client, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CNNLAB_UPLOAD_BYTES", "1000000")
    settings.get.cache_clear()

    def body() -> Iterator[bytes]:  # without a length, so that only what comes can tell
        for _ in range(3):
            yield bytes(700_000)

    for content in (bytes(1_000_001), body()):
        answer = client.post(f"/{UPLOAD_URL}", params={"name": "a.zip"}, content=content)
        assert answer.status_code == 413
        assert "The file is larger than 1 MB" in answer.json()["error"]
        assert files_of(home) == []


def test_one_file_too_many_is_refused(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CNNLAB_UPLOAD_FILES", "2")
    settings.get.cache_clear()
    answers = [send(client, b"x", "1.jpg", "red") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 413]
    assert answers[-1].json()["error"] == "There are 2 files already: no more are taken."


def test_a_full_disk_is_said_before_the_first_byte(
    client: httpx.Client, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10**9, 10**9, 10**6))
    answer = send(client, b"x", "1.jpg", "red")
    assert answer.status_code == 413
    assert answer.json()["error"].startswith("There is room for 0 MB more.")
    assert files_of(home) == []


def test_a_disk_that_fills_up_meanwhile_is_said(
    client: httpx.Client, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(upload: drafts.Upload, chunk: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(drafts.Upload, "write", full)
    answer = send(client, b"x", "a.zip")
    assert answer.status_code == 507
    assert "cannot be stored in" in answer.json()["error"]
    assert "No space left on device. Make room there" in answer.json()["error"]
    assert files_of(home) == []


def test_nothing_that_reaches_for_the_disk_holds_up_the_other_viewers(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_the_loop: dict[str, bool] = {}

    def noting(name: str, reaches: Callable[..., Any]) -> Callable[..., Any]:
        def noted(*given: Any) -> Any:
            with contextlib.suppress(RuntimeError):  # raised in every thread but the event loop's
                in_the_loop[name] = asyncio.get_running_loop() is not None
            in_the_loop.setdefault(name, False)
            return reaches(*given)

        return noted

    for name in ("_counted", "room", "_take", "_changed"):
        monkeypatch.setattr(drafts.Draft, name, noting(name, getattr(drafts.Draft, name)))
    assert send(client, b"x", "1.jpg", "red").is_success
    assert send(client, b"x", "a.zip").is_success
    assert in_the_loop == {"_counted": False, "room": False, "_take": False, "_changed": False}


def test_a_broken_upload_leaves_nothing(client: httpx.Client, home: Path) -> None:
    address = urlsplit(str(client.base_url))
    with socket.create_connection((address.hostname, address.port)) as connection:
        head = (
            f"POST /{UPLOAD_URL}?name=a.zip HTTP/1.1\r\nHost: {address.netloc}\r\nContent-Length: 9000000\r\n"
            f"Cookie: {OWNER_COOKIE}={OWNER}\r\n{UPLOAD_HEADER}: 1\r\n\r\n"
        )
        connection.sendall(head.encode() + bytes(3_000_000))
        wait_until(lambda: any(home.rglob(".part-*")))
    wait_until(lambda: not any(home.rglob(".part-*")))
    assert files_of(home) == []


def test_an_upload_is_never_whole_in_memory(client: httpx.Client, home: Path) -> None:
    megabyte = bytes(1_000_000)
    tracemalloc.start()
    answer = client.post(f"/{UPLOAD_URL}", params={"name": "a.zip"}, content=(megabyte for _ in range(60)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert answer.json()["bytes"] == 60_000_000
    assert peak < 12_000_000


def test_drafts_are_apart_and_a_forgotten_one_is_swept_away(client: httpx.Client, home: Path) -> None:
    send(client, b"x", "1.jpg", "red")
    client.cookies.set(OWNER_COOKIE, OTHER)
    send(client, b"x", "2.jpg", "red")
    assert files_of(home) == ["classes/red/1.jpg"]
    assert files_of(home, OTHER) == ["classes/red/2.jpg"]
    old = time.time() - drafts.KEPT_SECONDS - 60
    os.utime(home / "uploads" / OTHER, (old, old))
    drafts.draft("c" * 32)
    assert files_of(home) == ["classes/red/1.jpg"]
    assert not (home / "uploads" / OTHER).exists()


@pytest.fixture
def made(tmp_path: Path) -> str:
    draft = drafts.draft(OWNER)
    for path, content in two_classes(3).items():
        draft.add_picture(path.split("/")[1], content, "1.jpg")
    return import_source(draft.source(), "Müg sét", Preparation(side=16), owner=OWNER)


def test_a_data_set_is_taken_away_by_its_owner_alone(client: httpx.Client, made: str) -> None:
    answer = client.get(f"/cnnlab/own/{made}/images.zip")
    assert len(zipfile.ZipFile(io.BytesIO(answer.content)).namelist()) == 6
    assert "attachment" in answer.headers["content-disposition"]
    with np.load(io.BytesIO(client.get(f"/cnnlab/own/{made}/images.npz").content)) as file:
        assert file["x"].shape == (6, 16, 16, 3)
    client.cookies.set(OWNER_COOKIE, OTHER)
    answer = client.get(f"/cnnlab/own/{made}/images.zip")
    assert answer.status_code == 404
    assert answer.json() == {"error": "There are no such images for this browser."}


@pytest.mark.parametrize("path", ["own-0123456789/images.zip", "..%2f..%2fx/images.zip", "digits/images.npz"])
def test_what_cannot_be_taken_away_is_refused(path: str, client: httpx.Client) -> None:
    assert client.get(f"/cnnlab/own/{path}").status_code == 404


def test_what_a_killed_server_left_of_an_export_goes_with_the_next_one(
    client: httpx.Client, made: str, home: Path
) -> None:
    old = time.time() - shelf._EXPORT_KEPT_SECONDS - 60
    for name in ("export-killed", "export-under-way"):
        (home / name).mkdir()
        (home / name / "images.zip").write_bytes(b"half")
    os.utime(home / "export-killed", (old, old))
    assert client.get(f"/cnnlab/own/{made}/images.zip").is_success
    wait_until(lambda: [path.name for path in home.glob("export-*")] == ["export-under-way"])


def test_no_room_for_an_export_is_said(
    client: httpx.Client, made: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: Any, **options: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("cnnlab.datasets.own.shelf.tempfile.TemporaryDirectory", full)
    answer = client.get(f"/cnnlab/own/{made}/images.zip")
    assert answer.status_code == 507
    assert answer.json()["error"].startswith("The export cannot be written in ")
    assert "No space left on device. Make room there" in answer.json()["error"]
