"""What every test starts from: a record and settings of its own, and nothing left running behind it."""

from __future__ import annotations

import functools
import gc
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from streamlit.components.v2 import manifest_scanner

from cnnlab import settings

# Whether an example came quickly enough says something about the machine, not about the code.
hypothesis.settings.register_profile(
    "unhurried", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("unhurried")

_CLOSERS = (("cnnlab.engine", "close_engine"), ("cnnlab.runs.store", "close_store"))
"""Singletons of this process and what closes them: the engine first, because its workers use the store."""


def close_singletons() -> None:
    """Close the engine and the store of this process, where a test has loaded and opened them."""
    for module, function in _CLOSERS:
        closer = getattr(sys.modules.get(module), function, None)
        if closer is not None:
            closer()


def pytest_configure() -> None:
    """Hear Ctrl-C: what a shell runs in its background starts deaf to it, and its child processes too."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the browser's tests last: quick ones fail first, and Playwright's event loop is in nobody's way."""
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)


@pytest.fixture(scope="session", autouse=True)
def installed_components() -> Iterator[None]:
    """Installed components of Streamlit are looked for once.

    `AppTest` reads the metadata of every installed package whenever it opens an app: 0.4 s, a thousand times.
    """
    with pytest.MonkeyPatch.context() as patch:
        once = functools.cache(manifest_scanner.scan_component_manifests)
        patch.setattr(manifest_scanner, "scan_component_manifests", once)
        yield


@pytest.fixture(scope="module", autouse=True)
def loaded_code_set_aside() -> None:
    """Searches for garbage leave out what was there before this file's tests.

    Streamlit searches all objects after every run of a script, Keras between two models. With TensorFlow and
    what other files left in this process that is most of a test's time.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty CNNLAB_HOME for this test alone; no downloads, and every other setting at its default."""
    for name in [name for name in os.environ if name.startswith("CNNLAB_") and name != "CNNLAB_CHROMIUM"]:
        monkeypatch.delenv(name)
    folder = tmp_path / "home"
    monkeypatch.setenv("CNNLAB_HOME", str(folder))
    monkeypatch.setenv("CNNLAB_DOWNLOADS", "0")
    settings.get.cache_clear()
    yield folder
    close_singletons()
    settings.get.cache_clear()
