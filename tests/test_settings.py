"""Settings: read from the environment, with defaults that need none."""

from __future__ import annotations

from pathlib import Path

import pytest

from cnnlab import settings
from cnnlab.errors import SettingsError


def test_an_empty_setting_is_no_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOME", "DATA", "TRAININGS", "PROFILE"):
        monkeypatch.setenv(f"CNNLAB_{name}", "")
    read = settings.get()
    assert read.home.is_absolute()
    assert (read.data, read.trainings, read.profile) == (None, 1, "auto")


def test_a_tilde_is_the_users_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CNNLAB_HOME", "~/lab")
    monkeypatch.setenv("CNNLAB_DATA", "~/data")
    read = settings.get()
    assert (read.home, read.data) == (Path.home() / "lab", Path.home() / "data")


@pytest.mark.parametrize(
    ("name", "value"), [("TRAININGS", "0"), ("PROFILE", "huge"), ("DOWNLOADS", "perhaps")]
)
def test_a_value_that_cannot_be_used_is_named(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"CNNLAB_{name}", value)
    with pytest.raises(
        SettingsError, match=rf"The setting CNNLAB_{name} cannot be used: .* Received '{value}'"
    ):
        settings.get()
