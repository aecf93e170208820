from __future__ import annotations

import io
import os
import sys
import threading
import zipfile
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings, strategies as st

import analyzer as oa
from analyzer.sources import contents as subject, homeassistant, zips
from analyzer.sources.contents import contents
from analyzer.sources.opener import opened
from tests.sources.archives import COMPRESSIONS, METHODS, encrypted, zipped

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

LOG = homeassistant.SAMPLE.encode()
FILES = {"a.log": LOG, "folder/b.txt": b"0123456789" * 20_000, "folder/c": b""}


def written(tmp_path: Path, data: bytes) -> str:
    path = tmp_path / "a.zip"
    path.write_bytes(data)
    return str(path)


def read(path: str) -> tuple[dict[str, tuple[bytes, list[str]]], list[str]]:
    """The members of an archive by their names without its own, each with its content and faults; and those of all."""
    found, faults = contents(path)
    made = {}
    for source in found:
        with opened(source) as member:
            made[source.name.removeprefix(f"{path}/")] = member.stream.read(), member.fault
    return made, faults


def sound(files: Mapping[str, bytes]) -> dict[str, tuple[bytes, list[str]]]:
    return {name: (data, []) for name, data in files.items()}


@pytest.mark.parametrize("method", METHODS)
def test_each_member_of_a_zip_is_an_input(method: str, tmp_path: Path) -> None:
    assert read(written(tmp_path, zipped(FILES, METHODS[method]))) == (sound(FILES), [])


def test_a_plain_file_is_its_own_content(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(LOG)
    (source,), faults = contents(str(path))
    assert (source.name, faults) == (str(path), [])


def test_directories_and_what_macos_adds_are_no_inputs(tmp_path: Path) -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.mkdir("folder") if sys.version_info >= (3, 11) else None
        archive.writestr("folder/a.log", LOG)
        archive.writestr("__MACOSX/folder/._a.log", b"\0\5\x16\7")
    assert read(written(tmp_path, made.getvalue())) == (sound({"folder/a.log": LOG}), [])


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_members_of_one_name_are_told_apart(tmp_path: Path) -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("a", b"1")
        archive.writestr("a", b"2")
    assert read(written(tmp_path, made.getvalue())) == (sound({"a": b"1", "a (2)": b"2"}), [])


def test_a_name_that_cannot_be_shown_is_changed(tmp_path: Path) -> None:
    found, _ = read(written(tmp_path, zipped({"a\x1b[31m\n.log": LOG})))
    assert list(found) == ["a\ufffd[31m\ufffd.log"]


def test_a_member_that_is_compressed_itself_is_inflated(tmp_path: Path) -> None:
    packed = {f"a.{kind}": compress(LOG) for kind, compress in COMPRESSIONS.items()}
    assert read(written(tmp_path, zipped(packed)))[0] == sound(dict.fromkeys(packed, LOG))


def test_an_encrypted_member_is_a_fault(tmp_path: Path) -> None:
    assert read(written(tmp_path, encrypted(zipped({"a.log": LOG})))) == ({"a.log": (b"", ["it is encrypted"])}, [])


@pytest.mark.parametrize("method", METHODS)
def test_a_member_whose_bytes_were_changed_is_a_fault(method: str, tmp_path: Path) -> None:
    data = bytearray(zipped({"b.txt": b"".join(b"line %d\n" % number for number in range(9999))}, METHODS[method]))
    data[len(data) // 2] ^= 4
    ((_, fault),) = read(written(tmp_path, bytes(data)))[0].values()
    assert len(fault) == 1


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("streamed", [False, True])
def test_an_archive_cut_anywhere_gives_what_is_sound_and_says_so(
    method: str, tmp_path: Path, *, streamed: bool
) -> None:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return not streamed

        def seek(self, offset: int, whence: int = 0, /) -> int:
            if streamed:
                raise io.UnsupportedOperation
            return super().seek(offset, whence)

        def tell(self) -> int:
            if streamed:
                raise io.UnsupportedOperation
            return super().tell()

    if streamed and method == "stored":
        pytest.skip("only the directory tells where such a member ends")
    files = {"a.log": LOG * 20, "folder/b.txt": FILES["folder/b.txt"]}
    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", METHODS[method]) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    data = pipe.getvalue()
    for end in (*range(30, 200, 17), *range(200, len(data), max(len(data) // 25, 1)), len(data) - 1):
        found, faults = read(written(tmp_path, data[:end]))
        assert len(faults) == 1
        for name, (content, fault) in found.items():
            assert files[name].startswith(content)
            assert fault or content == files[name]
    assert end > data.index(b"PK\x01\x02")
    assert {name: content for name, (content, _) in found.items()} == files


def test_the_members_of_a_path_have_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "MAX_MEMBERS", 5)
    found, faults = contents(written(tmp_path, zipped({str(number): LOG for number in range(9)})))
    assert (len(found), faults) == (5, ["it holds more than 5 members; the others are not read"])


def test_a_directory_has_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zips, "MAX_DIRECTORY", 100)
    found, faults = read(written(tmp_path, zipped(FILES)))
    assert found == sound(FILES)
    assert len(faults) == 1


def test_an_archive_without_files_is_a_fault(tmp_path: Path) -> None:
    assert contents(written(tmp_path, zipped({}))) == ([], ["it holds no files"])


def test_a_capture_in_an_archive_in_an_archive_is_read(tmp_path: Path, samples: Path) -> None:
    packed = zipped({"b.pcap.zst": COMPRESSIONS["zst"]((samples / "healthy.pcap").read_bytes()), "readme": b"hello"})
    path = written(tmp_path, zipped({"inner/x.zip": packed}))
    found, alone = oa.read(path), oa.read(samples / "healthy.pcap")
    assert found.base["messages"].num_rows == alone.base["messages"].num_rows
    assert set(found.base["messages"]["source"].to_pylist()) == {f"{path}/inner/x.zip/b.pcap.zst"}
    assert not found.damaged


def test_archives_within_one_another_have_a_limit(tmp_path: Path) -> None:
    data = zipped({"a.log": LOG})
    for number in range(subject.MAX_DEPTH):
        data = zipped({f"{number}.zip": data})
    found = oa.read(written(tmp_path, data))
    assert found.base["messages"].num_rows == 0
    assert found.damaged
    assert "archives within one another" in str(found.base["issues"]["detail"].to_pylist())


@pytest.mark.parametrize("way", ["pipe", "standard input"])
def test_an_archive_from_a_pipe_is_read(way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = zipped({"a.log": LOG, "b.txt": b"hello\n" * 10})
    path = tmp_path / "pipe"
    writer = threading.Thread(target=path.write_bytes, args=(data,))
    if way == "pipe":
        os.mkfifo(path)
        writer.start()
        found = oa.read(path)
        writer.join()
    else:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(data))))
        found = oa.read("-")
    assert found.base["messages"].num_rows == 4
    assert not found.damaged


def test_an_archive_that_is_cut_is_damage_and_its_members_are_read(tmp_path: Path) -> None:
    found = oa.read(written(tmp_path, zipped({"a.log": LOG})[:-30]))
    assert found.base["messages"].num_rows == 4
    assert found.damaged
    assert found.base["issues"]["kind"].to_pylist() == ["unreadable"]


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(sorted(METHODS)), st.data())
def test_an_archive_that_was_changed_anywhere_gives_members_and_faults(
    tmp_path_factory: pytest.TempPathFactory, method: str, data: st.DataObject
) -> None:
    mutant = bytearray(zipped({"a.log": LOG, "b/c": b"x" * 99}, METHODS[method]))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(4, len(mutant) - 1))
        mutant[at : at + data.draw(st.integers(0, 9))] = data.draw(st.binary(max_size=9))
    found, faults = read(written(tmp_path_factory.mktemp("zip"), bytes(mutant)))
    assert found or faults
