#!/usr/bin/python3
"""Makes a capture from another one: rewrite.py HOW FROM TO

    vlan        an 802.1Q tag (VLAN 130) on what goes to port 502, none on the way back
    one-way     only what goes to port 502
    midstream   without the first twelve frames: the start of the connection is missing
    retransmit  frames repeated late, and neighbours swapped
    lost        every ninth data frame missing

Reads and writes classic pcap, little endian, Ethernet.
"""

import struct
import sys

FILE_HEADER = 24
RECORD = struct.Struct("<IIII")
MAC_ADDRESSES = 12
VLAN_TAG = struct.pack(">HH", 0x8100, 130)
FIRST_KEPT = 12
TO_PORT = 502


class Frame:
    """A captured frame; `micros` since the epoch."""

    def __init__(self, micros, data):
        self.micros = micros
        self.data = data

    def later(self, micros):
        """The same frame seen again."""
        return Frame(self.micros + micros, self.data)

    def tcp(self):
        """Where the TCP header of an IPv4 frame starts, or None."""
        if self.data[12:14] != b"\x08\x00" or self.data[23] != 6:
            return None
        return 14 + 4 * (self.data[14] & 0x0F)

    def to_server(self):
        """Whether a client sent it."""
        at = self.tcp()
        return at is not None and self.data[at + 2 : at + 4] == TO_PORT.to_bytes(2, "big")

    def has_payload(self):
        """Whether it carries TCP data."""
        at = self.tcp()
        if at is None:
            return False
        total = int.from_bytes(self.data[16:18], "big")
        return total > at - 14 + 4 * (self.data[at + 12] >> 4)


def read(path):
    """The file's header and its frames."""
    with open(path, "rb") as file:
        content = file.read()
    frames, at = [], FILE_HEADER
    while at < len(content):
        seconds, micros, size, _ = RECORD.unpack_from(content, at)
        at += RECORD.size
        frames.append(Frame(seconds * 1_000_000 + micros, content[at : at + size]))
        at += size
    return content[:FILE_HEADER], frames


def write(path, header, frames):
    """In the order of time, as a capture would have them."""
    with open(path, "wb") as file:
        file.write(header)
        for frame in sorted(frames, key=lambda frame: frame.micros):
            size = len(frame.data)
            seconds, micros = divmod(frame.micros, 1_000_000)
            file.write(RECORD.pack(seconds, micros, size, size) + frame.data)


def vlan(frames):
    """Tag one direction."""
    for frame in frames:
        if frame.to_server():
            head, rest = frame.data[:MAC_ADDRESSES], frame.data[MAC_ADDRESSES:]
            frame = Frame(frame.micros, head + VLAN_TAG + rest)
        yield frame


def one_way(frames):
    """Keep one direction."""
    return [frame for frame in frames if frame.to_server()]


def midstream(frames):
    """Drop the start."""
    return frames[FIRST_KEPT:]


def retransmit(frames):
    """Of the frames with data: every seventh again 3 ms later, every eleventh swapped."""
    frames = list(frames)
    with_data = [number for number, frame in enumerate(frames) if frame.has_payload()]
    for number in with_data[4::11]:
        swap_times(frames, number, number + 1)
    again = [frames[number].later(3000) for number in with_data[::7]]
    return frames + again


def swap_times(frames, one, other):
    """Let two frames arrive in the other order."""
    if other < len(frames):
        first, second = frames[one], frames[other]
        frames[one] = Frame(second.micros, first.data)
        frames[other] = Frame(first.micros, second.data)


def lost(frames):
    """Drop every ninth frame with data."""
    count = 0
    for frame in frames:
        count += frame.has_payload()
        if not (frame.has_payload() and count % 9 == 0):
            yield frame


WAYS = {
    "vlan": vlan,
    "one-way": one_way,
    "midstream": midstream,
    "retransmit": retransmit,
    "lost": lost,
}


def main():
    """One file to another."""
    how, source, target = sys.argv[1:4]
    header, frames = read(source)
    write(target, header, WAYS[how](frames))


if __name__ == "__main__":
    main()
