from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from cnnlab.live.assets import PLOTLY_URL, plotly_path
from cnnlab.live.owner import OWNER_COOKIE, OWNER_PATTERN
from cnnlab.live.routes import middleware
from cnnlab.runs.events import Started, Steps
from cnnlab.runs.store import RunRow, Store, get_store
from cnnlab.spec import presets
from tests.live.serving import messages, serving


@pytest.fixture
def store() -> Store:
    return get_store()


@pytest.fixture
def row(store: Store) -> RunRow:
    return store.create_run(presets.preset("digits").design, owner="a")


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with serving() as url, httpx.Client(base_url=url, timeout=20) as client:
        yield client


def train(store: Store, run_id: str, steps: int) -> None:
    store.set_status(run_id, "running")
    store.append(
        run_id,
        [Started(total_steps=steps, steps_per_epoch=steps, epochs=1, batch_size=32, train_images=32 * steps)],
    )
    for step in range(1, steps + 1):
        payload = Steps(
            first_step=step, loss=[1 / step], accuracy=[0.5], learning_rate=0.001, images_per_second=100
        )
        store.append(run_id, [payload])
    store.set_status(run_id, "finished")


def test_the_stream_is_the_record_while_a_training_writes_it(
    client: httpx.Client, store: Store, row: RunRow
) -> None:
    with client.stream("GET", f"/cnnlab/runs/{row.id}/events") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        threading.Thread(target=train, args=(store, row.id, 30)).start()
        found = list(messages(answer.iter_lines()))
    assert [message["event"] for message in (found[0], found[-1])] == ["hello", "end"]
    assert found[-1]["data"] == {"status": "finished"}
    record = store.events(row.id)
    assert [message["data"]["seq"] for message in found[1:-1]] == [event.seq for event in record]
    assert [message["data"]["payload"] for message in found[1:-1]] == [event.payload for event in record]
    assert [message["id"] for message in found[1:-1]] == [str(event.seq) for event in record]


def test_the_last_event_that_a_browser_saw_counts_more_than_the_address(
    client: httpx.Client, store: Store, row: RunRow
) -> None:
    train(store, row.id, 5)
    path = f"/cnnlab/runs/{row.id}/events?after=2"
    found = list(messages(client.get(path).iter_lines()))
    assert found[1]["data"]["seq"] == 3
    found = list(messages(client.get(path, headers={"Last-Event-ID": "4"}).iter_lines()))
    assert found[1]["data"]["seq"] == 5


def test_the_stream_is_found_below_any_folder_too(client: httpx.Client, store: Store, row: RunRow) -> None:
    train(store, row.id, 1)
    assert "event: end" in client.get(f"/lab/cnn/cnnlab/runs/{row.id}/events").text


@pytest.mark.parametrize("run_id", ["0123456789", "zzz", "..%2f..%2fetc", "a" * 300])
def test_an_unknown_run_is_refused_in_words(client: httpx.Client, run_id: str) -> None:
    answer = client.get(f"/cnnlab/runs/{run_id}/events")
    assert answer.status_code == 404
    if run_id != "..%2f..%2fetc":  # with a slash inside it is no address of ours at all
        assert answer.json()["error"].startswith("There is no run")


@pytest.mark.parametrize("after", ["-1", "1.5", "abc", "²", "9" * 16])
def test_a_place_that_is_no_number_is_refused_in_words(client: httpx.Client, row: RunRow, after: str) -> None:
    answer = client.get(f"/cnnlab/runs/{row.id}/events", params={"after": after})
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("after: expected the number of an event")


def test_plotly_comes_from_the_installed_package_and_may_be_kept_for_good(client: httpx.Client) -> None:
    answer = client.get(f"/{PLOTLY_URL}", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.content == plotly_path().read_bytes()
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-type"].startswith("text/javascript")
    assert int(answer.headers["content-length"]) < len(answer.content) / 3


def test_plotly_comes_plain_for_those_who_cannot_unpack(client: httpx.Client) -> None:
    answer = client.get(f"/{PLOTLY_URL}", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in answer.headers
    assert answer.content == plotly_path().read_bytes()


async def _page(request: Request) -> Response:
    return HTMLResponse("<p>A page</p>")


async def _numbers(request: Request) -> Response:
    return JSONResponse([1, 2])


PAGES = Starlette(routes=[Route("/", _page), Route("/numbers", _numbers)], middleware=middleware())


def visit(
    *paths: str, base_url: str = "http://host", cookies: dict[str, str] | None = None
) -> list[httpx.Response]:
    """What one browser is answered, one address after the other."""

    async def go() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app=PAGES)
        async with httpx.AsyncClient(transport=transport, base_url=base_url, cookies=cookies) as browser:
            return [await browser.get(path) for path in paths]

    return asyncio.run(go())


def test_a_browser_is_given_an_owner_with_its_first_page_and_keeps_it() -> None:
    first, second = visit("/", "/")
    assert OWNER_PATTERN.fullmatch(first.cookies[OWNER_COOKIE])
    for part in ("HttpOnly", "SameSite=Lax", "Path=/", "Max-Age="):
        assert part in first.headers["set-cookie"]
    assert "Secure" not in first.headers["set-cookie"]
    assert first.headers["cache-control"] == "no-store"
    assert "set-cookie" not in second.headers


def test_two_browsers_are_given_two_owners() -> None:
    assert visit("/")[0].cookies[OWNER_COOKIE] != visit("/")[0].cookies[OWNER_COOKIE]


def test_only_pages_bring_an_owner() -> None:
    assert "set-cookie" not in visit("/numbers")[0].headers


def test_an_owner_that_is_none_of_ours_is_replaced() -> None:
    answer = visit("/", cookies={OWNER_COOKIE: "admin"})[0]
    assert OWNER_PATTERN.search(answer.headers["set-cookie"])


def test_an_owner_given_over_https_stays_on_https() -> None:
    assert "Secure" in visit("/", base_url="https://host")[0].headers["set-cookie"]


@pytest.mark.parametrize("base", ["", "/lab"])
def test_home_is_found_by_its_name_too(client: httpx.Client, base: str) -> None:
    answer = client.get(f"{base}/home?run=ab12")
    assert answer.status_code == 307
    assert answer.next_request is not None
    assert answer.next_request.url.path == f"{base}/"
    assert answer.next_request.url.query == b"run=ab12"
