"""Every setting and limit, with its reason.

A setting is read from the environment variable `CNNLAB_` + its name in capitals. Streamlit puts top-level
secrets into the environment, so the same names work in Community Cloud's secrets. Nothing has to be set.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Literal

import platformdirs
from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from cnnlab.errors import SettingsError

SMALL_MACHINE_BYTES = 1_500_000_000
"""Below this memory a second TensorFlow process does not fit beside the first and the server."""

_CGROUP_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


class Settings(BaseSettings):
    """All settings of one process, frozen once read."""

    model_config = SettingsConfigDict(
        env_prefix="CNNLAB_", frozen=True, extra="ignore", env_ignore_empty=True
    )

    home: Path = Field(
        default_factory=lambda: Path(platformdirs.user_data_dir("cnnlab", appauthor=False)),
        description="Folder for the record of runs, their files and downloaded data sets.",
    )
    data: Path | None = Field(
        default=None,
        description="Folder that is only read: NAME.npz there is used before anything is downloaded.",
    )
    profile: Literal["auto", "standard", "small"] = Field(
        default="auto",
        description="small: one worker process in all; auto: small where the memory limit is under 1.5 GB.",
    )
    trainings: int = Field(
        default=1, ge=1, le=64, description="Trainings at once; the others wait in the queue."
    )
    downloads: bool = Field(default=True, description="Whether a missing data set may be downloaded.")
    question_seconds: float = Field(
        default=30.0, gt=0, le=3600, description="How long a short question to a worker may take, in seconds."
    )
    worker_start_seconds: float = Field(
        default=180.0,
        gt=0,
        le=3600,
        description="How long a worker may take to import TensorFlow, in seconds.",
    )
    upload_bytes: int = Field(
        default=5_000_000_000,
        ge=1_000,
        description="Own images: bytes that one user may have uploaded at a time.",
    )
    upload_files: int = Field(
        default=20_000, ge=2, le=1_000_000, description="Own images: files in one data set at most."
    )
    unpacked_bytes: int = Field(
        default=10_000_000_000, ge=1_000, description="Own images: what a zip may unpack to, in bytes."
    )
    image_pixels: int = Field(
        default=50_000_000,
        ge=1_000,
        le=500_000_000,
        description="Own images: pixels of one picture at most; more would take too much memory to open.",
    )

    @field_validator("home", "data")
    @classmethod
    def _of_the_user(cls, folder: Path | None) -> Path | None:
        """`~` stands for the user's folder in a secret too, which no shell has expanded."""
        return None if folder is None else folder.expanduser()

    @property
    def small(self) -> bool:
        """Whether only one worker process fits on this machine."""
        if self.profile == "auto":
            limit = memory_limit_bytes()
            return limit is not None and limit < SMALL_MACHINE_BYTES
        return self.profile == "small"


def memory_limit_bytes() -> int | None:
    """The memory limit of this process's control group in bytes, or None where there is none."""
    for name in _CGROUP_LIMITS:
        path = Path(name)
        if path.is_file():
            text = path.read_text().strip()
            return int(text) if text.isdigit() else None
    return None


@functools.lru_cache(maxsize=1)
def get() -> Settings:
    """The settings of this process, read once from the environment.

    Raises:
        SettingsError: an environment variable holds a value that cannot be used.
    """
    try:
        return Settings()
    except ValidationError as exc:
        first = exc.errors()[0]
        name = "CNNLAB_" + str(first["loc"][0]).upper()
        raise SettingsError(
            f"The setting {name} cannot be used: {first['msg']}. Received {first['input']!r}. "
            f"Correct it, or remove it to use the default."
        ) from exc
