"""What crosses between daemon and client, and what is refused."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from isolatejs.daemon import packets
from isolatejs.daemon.outgoing import OutgoingPackets
from isolatejs.errors import DaemonError


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    one, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with one, other:
        one.setblocking(False)
        other.setblocking(False)
        yield one, other


def descriptors_open() -> int:
    return len(os.listdir("/proc/self/fd"))


def test_a_packet_and_its_descriptors_cross(pair: tuple[socket.socket, socket.socket]) -> None:
    one, other = pair
    file = packets.memfd_of("test", b"contents")
    packets.send(one, packets.encode({"op": "x", "id": 1}), (file,))
    os.close(file)
    received = packets.receive(other)
    assert received is not None
    message, (descriptor,) = received
    assert message == {"op": "x", "id": 1}
    assert not os.get_inheritable(descriptor)
    assert packets.read_memfd(descriptor) == b"contents"


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(garbage=st.binary(min_size=1, max_size=300))
def test_garbage_is_a_value_error_and_leaks_nothing(
    pair: tuple[socket.socket, socket.socket], garbage: bytes
) -> None:
    one, other = pair
    before = descriptors_open()
    packets.send(one, garbage, (one.fileno(), other.fileno()))
    try:
        received = packets.receive(other)
    except ValueError:
        received = None
    if received is not None:
        packets.close_all(received[1])
        assert isinstance(received[0], dict)
    assert descriptors_open() == before


@pytest.mark.parametrize(
    "packet",
    [b"[" * 100_000, b"[]", b"null", b'"x"', b"\xff\xfe", b"{" * 50_000, b"1e999", b"{}" + b" " * 200_000],
)
def test_hostile_packets(pair: tuple[socket.socket, socket.socket], packet: bytes) -> None:
    one, other = pair
    one.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
    before = descriptors_open()
    packets.send(one, packet, (one.fileno(),))
    with pytest.raises(ValueError, match="malformed packet"):
        packets.receive(other)
    assert descriptors_open() == before


def test_the_end_is_none(pair: tuple[socket.socket, socket.socket]) -> None:
    one, other = pair
    one.close()
    assert packets.receive(other) is None


def test_a_message_that_is_too_large_is_refused() -> None:
    with pytest.raises(ValueError, match="limit"):
        packets.encode({"key": "x" * packets.PACKET_LIMIT_BYTES})


async def test_what_does_not_fit_waits_for_the_reader(pair: tuple[socket.socket, socket.socket]) -> None:
    one, other = pair
    before = descriptors_open()
    outgoing = OutgoingPackets(one, lambda: pytest.fail("lost"))
    for number in range(2000):
        outgoing.put({"number": number, "pad": "x" * 500}, (os.dup(0),) if number % 500 == 0 else ())
    seen = []
    while len(seen) < 2000:
        try:
            received = packets.receive(other)
        except BlockingIOError:
            await asyncio.sleep(0)
            continue
        assert received is not None
        packets.close_all(received[1])
        seen.append(received[0]["number"])
    assert seen == list(range(2000))
    outgoing.close()
    assert descriptors_open() == before


async def test_a_peer_who_does_not_read_is_given_up(pair: tuple[socket.socket, socket.socket]) -> None:
    one, _ = pair
    lost = []
    before = descriptors_open()
    outgoing = OutgoingPackets(one, lambda: lost.append(True), limit_packets=10)
    while not lost:
        outgoing.put({"pad": "x" * 10_000}, (os.dup(0),))
    outgoing.close()
    outgoing.put({"late": True}, (os.dup(0),))
    assert descriptors_open() <= before + 20  # what the kernel holds in the socket is not ours any more


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the socket that nobody named."""
    monkeypatch.delenv("ISOLATEJS_DAEMON_SOCKET", raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    return tmp_path / "run"


def test_the_folder_of_the_socket_is_private(place: Path) -> None:
    packets.prepare_directory(packets.default_socket_path())
    assert place.stat().st_mode & 0o777 == 0o700
    packets.prepare_directory(packets.default_socket_path())


def test_a_folder_that_others_may_write_to_is_refused(place: Path) -> None:
    place.mkdir()
    place.chmod(0o770)
    with pytest.raises(DaemonError, match="chmod 700"):
        packets.prepare_directory(packets.default_socket_path())
    place.chmod(0o1777)  # not even where only its owner may remove a file
    with pytest.raises(DaemonError, match="chmod 700"):
        packets.prepare_directory(packets.default_socket_path())


def test_a_link_in_the_place_of_the_folder_is_refused(place: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    place.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(DaemonError, match="link"):
        packets.prepare_directory(packets.default_socket_path())


def test_a_folder_that_was_named_may_be_a_link_or_shared_like_tmp(tmp_path: Path) -> None:
    shared = tmp_path / "tmp"
    shared.mkdir()
    shared.chmod(0o1777)
    (tmp_path / "link").symlink_to(shared)
    packets.prepare_directory(str(tmp_path / "link" / "a.sock"))
    shared.chmod(0o777)
    with pytest.raises(DaemonError, match="chmod 700"):
        packets.prepare_directory(str(tmp_path / "link" / "a.sock"))


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_another_user_is_refused(place: Path) -> None:
    place.mkdir(mode=0o700)
    os.chown(place, 65534, 65534)
    for path in (packets.default_socket_path(), str(place / "named.sock")):
        with pytest.raises(DaemonError, match="another user"):
            packets.prepare_directory(path)
