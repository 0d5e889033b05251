"""An encoder of DNP3: frames, segments, fragments, objects.

There is no DNP3 stack to be had from Debian, so the sample messages and the captures of
pcaps/dnp3 are made with this. It is written from the layout of IEEE 1815 and shares
nothing with the dissector: checksums are made bit by bit, objects by struct formats.
"""

import struct

CONFIRM, READ, WRITE, SELECT, OPERATE, DIRECT, DIRECT_NO_ACK = range(7)
RESPONSE, UNSOLICITED, CHALLENGE = 129, 130, 131
FIR, FIN, CON, UNS = 0x80, 0x40, 0x20, 0x10
SEGMENT = 249  # octets of a fragment in a frame


def crc(data):
    """CRC-16/DNP, bit by bit."""
    value = 0
    for octet in data:
        value ^= octet
        for _ in range(8):
            value = value >> 1 ^ (0xA6BC if value & 1 else 0)
    return struct.pack("<H", value ^ 0xFFFF)


def frame(destination, source, control, user=b"", length=None):
    """One frame of the link with all its checksums."""
    length = 5 + len(user) if length is None else length
    head = struct.pack("<2sBBHH", b"\x05\x64", length, control, destination, source)
    blocks = [user[i:i + 16] for i in range(0, len(user), 16)]
    return head + crc(head) + b"".join(b + crc(b) for b in blocks)


def at(number, n=6):
    """A number as n octets, the lowest first."""
    return number.to_bytes(n, "little")


class Station:
    """One end of a link: numbers its segments, cuts its fragments into frames."""

    def __init__(self, address, peer, master):
        self.address, self.peer, self.master, self.segment = address, peer, master, 0

    def control(self, function, primary=True, more=0):
        return (0x80 if self.master else 0) | (0x40 if primary else 0) | more | function

    def link(self, function, primary=True, more=0, user=b"", to=None):
        to = self.peer if to is None else to
        return frame(to, self.address, self.control(function, primary, more), user)

    def frames(self, fragment, to=None, confirmed=False):
        """The frames of a fragment; at least one."""
        parts = [fragment[i:i + SEGMENT] for i in range(0, len(fragment), SEGMENT)] or [b""]
        out = []
        for i, part in enumerate(parts):
            octet = self.segment | (0x40 if i == 0 else 0)
            octet |= 0x80 if i == len(parts) - 1 else 0
            self.segment = (self.segment + 1) % 64
            out.append(self.link(3 if confirmed else 4, user=bytes([octet]) + part, to=to))
        return out


def ask(function, sequence, *objects, control=FIR | FIN):
    return bytes([control | sequence, function]) + b"".join(objects)


def answer(sequence, *objects, iin=0, function=RESPONSE, control=FIR | FIN):
    """iin: the first octet of the indications in the high byte."""
    return (bytes([control | sequence, function]) + struct.pack(">H", iin)
            + b"".join(objects))


# ---- object headers: group and variation as one number, 0x1e01 ----------------------


def header(what, qualifier, rest=b""):
    return struct.pack(">HB", what, qualifier) + rest


def everything(what):
    return header(what, 0x06)


def some(what, n):
    return header(what, 0x07, bytes([n]))


def span(what, first, last, data=b"", size=1):
    qualifier = {1: 0, 2: 1, 4: 2}[size]
    return header(what, qualifier, at(first, size) + at(last, size) + data)


def absolute(what, address, data=b"", size=1):
    return header(what, {1: 3, 2: 4, 4: 5}[size], at(address, size) + data)


def prefixed(what, *items, size=2, count=None):
    """Items are (index, octets)."""
    code = {1: 0x17, 2: 0x28, 4: 0x39}[size]
    n = len(items) if count is None else count
    return header(what, code, at(n, size) + b"".join(at(i, size) + d for i, d in items))


def sized(what, *items, size=2):
    """Each with its size in front."""
    code = {1: 0x4B, 2: 0x5B, 4: 0x6B}[size]
    return header(what, code, bytes([len(items)])
                  + b"".join(at(len(d), size) + d for d in items))


# ---- objects --------------------------------------------------------------------------


def block(operation, count=1, on=100, off=100, status=0):
    """A control relay output block; operation: trip or close, clear, queue and type."""
    return struct.pack("<BBIIB", operation, count, on, off, status)


def value(form, number, flags=None, time=None):
    """flags, the value by its struct format, time in ms."""
    out = b"" if flags is None else bytes([flags])
    out += struct.pack("<" + form, number) if form else b""
    return out + (b"" if time is None else at(time))


def attribute(kind, data, length=None):
    return bytes([kind, len(data) if length is None else length]) + data


def bits(values, each=1):
    """Packed, the lowest bit first."""
    number = 0
    for i, v in enumerate(values):
        number |= v << i * each
    return at(number, (len(values) * each + 7) // 8)
