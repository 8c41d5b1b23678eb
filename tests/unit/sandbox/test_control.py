"""The packets between host and launcher."""

from __future__ import annotations

import os
import socket

import pytest

from isolatejs.sandbox.launcher import control


@pytest.fixture
def pair() -> tuple[socket.socket, socket.socket]:
    left, right = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with left, right:
        yield left, right


def test_a_message_arrives_with_its_descriptors_close_on_exec(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    read_end, write_end = os.pipe()
    try:
        control.send(pair[0], control.encode({"op": "started", "id": "1"}), (read_end, write_end))
        received = control.receive(pair[1])
        assert received is not None
        message, descriptors = received
        assert message == {"op": "started", "id": "1"}
        assert len(descriptors) == 2
        assert not any(os.get_inheritable(descriptor) for descriptor in descriptors)
        os.write(descriptors[1], b"x")
        assert os.read(read_end, 1) == b"x"
        for descriptor in descriptors:
            os.close(descriptor)
    finally:
        os.close(read_end)
        os.close(write_end)


def test_the_end_is_none(pair: tuple[socket.socket, socket.socket]) -> None:
    pair[0].close()
    assert control.receive(pair[1]) is None


def test_a_message_beyond_the_limit_is_refused_before_it_is_sent() -> None:
    with pytest.raises(ValueError, match="limit"):
        control.encode({"argv": "x" * control.PACKET_LIMIT_BYTES})
