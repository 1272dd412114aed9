from __future__ import annotations

import dataclasses
import gzip
import hashlib
import io
import struct
import tarfile
from pathlib import Path

import numpy as np
import pytest

from cnnlab import datasets, settings
from cnnlab.datasets import catalogue
from cnnlab.datasets.downloads import RemoteFile
from cnnlab.errors import DatasetError, DatasetUnavailable

from .conftest import FileServer, arrays


def _gzipped(content: bytes) -> bytes:
    """Compressed without the time of day: a parameter must have the same name in every process of a run."""
    return gzip.compress(content, mtime=0)


def npz() -> dict[str, bytes]:
    file = io.BytesIO()
    np.savez(file, **arrays((28, 28)))
    return {"mnist.npz": file.getvalue()}


def idx() -> dict[str, bytes]:
    made, files = arrays((28, 28)), {}
    for prefix, part in (("train", "train"), ("t10k", "test")):
        images, labels = made[f"x_{part}"], made[f"y_{part}"]
        header = struct.pack(">4I", 2051, len(images), 28, 28)
        files[f"{prefix}-images-idx3-ubyte.gz"] = gzip.compress(header + images.tobytes())
        files[f"{prefix}-labels-idx1-ubyte.gz"] = gzip.compress(
            struct.pack(">2I", 2049, len(labels)) + labels.tobytes()
        )
    return files


def cifar() -> dict[str, bytes]:
    made, file = arrays((32, 32, 3)), io.BytesIO()
    batches = {f"data_batch_{i + 1}": slice(8 * i, 8 * i + 8) for i in range(5)}
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        _add(archive, "test_batch.bin", made["x_test"], made["y_test"])  # the archive's order is any
        for name, part in batches.items():
            _add(archive, f"{name}.bin", made["x_train"][part], made["y_train"][part])
        _add_bytes(archive, "batches.meta.txt", b"airplane\n")
    return {"cifar-10-binary.tar.gz": file.getvalue()}


def _add(archive: tarfile.TarFile, name: str, images: np.ndarray, labels: np.ndarray) -> None:
    planes = images.transpose(0, 3, 1, 2).reshape(len(images), -1)
    _add_bytes(archive, name, np.concatenate([labels[:, None], planes], axis=1).tobytes())


def _add_bytes(archive: tarfile.TarFile, name: str, raw: bytes) -> None:
    member = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
    member.size = len(raw)
    archive.addfile(member, io.BytesIO(raw))


MAKERS = {"mnist": npz, "fashion_mnist": idx, "cifar10": cifar}


@pytest.fixture(params=list(MAKERS))
def name(request: pytest.FixtureRequest, server: FileServer, monkeypatch: pytest.MonkeyPatch) -> str:
    """A data set whose files lie on the server: small, under their real names, with their checksums."""
    offer(request.param, MAKERS[request.param](), server, monkeypatch)
    return request.param


def offer(name: str, files: dict[str, bytes], server: FileServer, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = catalogue.entry(name)
    assert isinstance(entry.recipe, catalogue.Download)
    server.files = files
    remote = tuple(
        RemoteFile(
            server.url + file.name,
            "sha256:" + hashlib.sha256(files[file.name]).hexdigest(),
            len(files[file.name]),
        )
        for file in entry.recipe.files
    )
    recipe = dataclasses.replace(entry.recipe, files=remote)
    monkeypatch.setitem(catalogue.ENTRIES, name, dataclasses.replace(entry, recipe=recipe))


def expected(name: str) -> tuple[np.ndarray, np.ndarray]:
    made = arrays((32, 32, 3) if name == "cifar10" else (28, 28, 1))
    return (
        np.concatenate([made["x_train"], made["x_test"]]),
        np.concatenate([made["y_train"], made["y_test"]]),
    )


def test_a_download_gives_every_image_in_its_place(name: str, home: Path) -> None:
    assert not datasets.is_installed(name)
    dataset = datasets.load(name)
    images, labels = expected(name)
    np.testing.assert_array_equal(dataset.images, images)
    np.testing.assert_array_equal(dataset.labels, labels)
    np.testing.assert_array_equal(dataset.test.indices, np.arange(40, 60))
    assert dataset.origin == "download"
    assert datasets.is_installed(name)
    assert not (home / "downloads" / name).exists()  # only the images stay


def test_a_downloaded_set_needs_the_server_no_more(name: str, server: FileServer) -> None:
    datasets.install(name)
    asked = len(server.requests)
    server.close()
    assert len(datasets.load(name).images) == 60
    assert len(server.requests) == asked


def test_the_progress_rises_to_the_number_of_bytes(name: str, server: FileServer) -> None:
    seen: list[tuple[int, int]] = []
    datasets.install(name, lambda done, total: seen.append((done, total)))
    total = sum(len(body) for body in server.files.values())
    assert {each for _, each in seen} == {total}
    done = [each for each, _ in seen]
    assert done == sorted(done)
    assert done[-1] == total


def test_another_checksum_is_said_and_nothing_is_kept(name: str, server: FileServer, home: Path) -> None:
    changed = next(iter(server.files))
    server.files[changed] = b"something else"
    message = unavailable(name)
    assert f"{changed} from {server.url}{changed} has another checksum than sha256:" in message
    assert not datasets.is_installed(name)
    assert not (home / "downloads" / name / changed).exists()


def test_a_connection_that_breaks_off_is_said(name: str, server: FileServer) -> None:
    server.cut = 20
    assert "broke off" in unavailable(name)
    server.cut = None
    assert len(datasets.load(name).images) == 60  # the next try succeeds


def test_a_missing_file_is_said_with_the_servers_answer(name: str, server: FileServer) -> None:
    server.files = {}
    assert "could not be downloaded: 404 Client Error" in unavailable(name)


def test_without_a_network_one_message_names_the_file_and_its_place(
    name: str, server: FileServer, data_folder: Path
) -> None:
    server.close()
    message = unavailable(name)
    assert message.startswith(f"{datasets.info(name).title} is not on this machine: ")
    assert "cannot be reached (ConnectionError)" in message
    assert f"Put {name}.npz (arrays x_train, y_train, x_test, y_test)" in message
    assert f"into {data_folder}, or try again when the network is there." in message
    assert "\n" not in message


def test_a_full_disk_is_said(name: str, home: Path) -> None:
    (home / "downloads").parent.mkdir(parents=True, exist_ok=True)
    (home / "downloads").write_text("a file where the folder should be")
    assert "could not be written to" in unavailable(name)


def test_the_original_files_in_the_data_folder_need_no_network(
    name: str, server: FileServer, data_folder: Path
) -> None:
    for file, body in server.files.items():
        (data_folder / file).write_bytes(body)
    assert datasets.is_installed(name)
    np.testing.assert_array_equal(datasets.load(name).images, expected(name)[0])
    assert server.requests == []


def test_an_original_file_with_another_checksum_is_said(
    server: FileServer, data_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer("cifar10", cifar(), server, monkeypatch)
    (data_folder / "cifar-10-binary.tar.gz").write_bytes(b"something else")
    assert f"{data_folder / 'cifar-10-binary.tar.gz'} has another checksum than" in unavailable("cifar10")


def test_switched_off_downloads_ask_no_server(
    name: str, server: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CNNLAB_DOWNLOADS", "0")
    settings.get.cache_clear()
    assert "downloads are switched off by CNNLAB_DOWNLOADS" in unavailable(name)
    assert server.requests == []


@pytest.mark.parametrize(
    ("file", "body", "message"),
    [
        ("train-images-idx3-ubyte.gz", b"no gzip", "Not a gzipped file"),
        ("train-images-idx3-ubyte.gz", _gzipped(b""), "it ends 16 bytes too early"),
        (
            "train-images-idx3-ubyte.gz",
            _gzipped(struct.pack(">4I", 2049, 40, 28, 28)),
            "expected the magic number 2051, received 2049",
        ),
        ("t10k-labels-idx1-ubyte.gz", _gzipped(struct.pack(">2I", 2049, 19)), "expected 20 labels"),
        (
            "train-images-idx3-ubyte.gz",
            _gzipped(struct.pack(">4I", 2051, 40, 28, 28) + bytes(100)),
            "it ends 31260 bytes too early",
        ),
    ],
)
def test_a_damaged_idx_file_is_said_by_name(
    server: FileServer, monkeypatch: pytest.MonkeyPatch, file: str, body: bytes, message: str
) -> None:
    offer("fashion_mnist", idx() | {file: body}, server, monkeypatch)
    with pytest.raises(DatasetError, match=message) as caught:
        datasets.load("fashion_mnist")
    assert str(caught.value).startswith(file)


def test_a_damaged_cifar_archive_is_said_by_name(server: FileServer, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = cifar()["cifar-10-binary.tar.gz"]
    offer("cifar10", {"cifar-10-binary.tar.gz": whole[: len(whole) // 2]}, server, monkeypatch)
    with pytest.raises(DatasetError, match=r"^cifar-10-binary\.tar\.gz in .* cannot be used: "):
        datasets.load("cifar10")


def unavailable(name: str) -> str:
    with pytest.raises(DatasetUnavailable) as caught:
        datasets.load(name)
    return str(caught.value)
