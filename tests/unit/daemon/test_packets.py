"""What crosses between daemon and client, and what is refused."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from isolatejs.daemon import packets
from isolatejs.daemon.outgoing import OutgoingPackets


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
