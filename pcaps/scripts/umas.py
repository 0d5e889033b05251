#!/usr/bin/python3
"""Function 90 (UMAS), both sides: umas.py serve|program ADDRESS [PORT]

Hand-made: there is no open implementation. The shapes follow what public captures of
Modicon controllers show, the contents are invented.

    request    90 | session key | sub-function | data
    answer     90 | session key | FE done, FD refused | data

The session key is 0 until a reservation (10) gave one.
"""

import socketserver
import struct
import sys
import time

from wire import PORT, Link, adu, receive_adu

FUNCTION = 90
DONE, REFUSED = 0xFE, 0xFD
INIT, READ_ID, PROJECT, PLC_INFO, CARD_INFO = 0x01, 0x02, 0x03, 0x04, 0x06
RESERVE, RELEASE, KEEP_ALIVE = 0x10, 0x11, 0x12
READ_BLOCK, READ_VARIABLES, WRITE_VARIABLES = 0x20, 0x22, 0x23
READ_REGISTERS, WRITE_REGISTERS = 0x24, 0x25
BEGIN_TO_PLC, BLOCK_TO_PLC, END_TO_PLC = 0x30, 0x31, 0x32
BEGIN_FROM_PLC, BLOCK_FROM_PLC, END_FROM_PLC = 0x33, 0x34, 0x35
ETHERNET_MASTER, START, STOP, MONITOR, STATUS = 0x39, 0x40, 0x41, 0x50, 0x58

SESSION = 1
NEEDS_SESSION = {
    WRITE_VARIABLES, WRITE_REGISTERS, BEGIN_TO_PLC, BLOCK_TO_PLC, END_TO_PLC, START, STOP,
}  # fmt: skip
STATION = b"ENG-STATION-1"
PROGRAM = bytes((7 * number + 3) & 0xFF for number in range(600))
BLOCK = 200
BLOCKS = len(PROGRAM) // BLOCK
CHECKSUM = struct.pack("<I", sum(PROGRAM))
IDENTITY = (
    struct.pack("<IHHHHI", 0x015AFF10, 0x0001, 0x0270, 0x0027, 0x0009, 8)
    + bytes([11]) + b"SG P34 2020"
    + bytes([1, 1, 1, 0, 0, 0, 0, 0x11, 0])
)  # fmt: skip


def program_to_plc():
    """The requests that bring PROGRAM to the controller."""
    yield BEGIN_TO_PLC, b"\x00\x01"
    for number in range(BLOCKS):
        block = PROGRAM[number * BLOCK : (number + 1) * BLOCK]
        yield BLOCK_TO_PLC, struct.pack("<BHH", 0, number + 1, BLOCK) + block
    yield END_TO_PLC, struct.pack("<BH", 0, BLOCKS + 1)


def program_from_plc():
    """The requests that fetch it."""
    yield BEGIN_FROM_PLC, struct.pack("<BBH", 0, 1, 251)
    for number in range(BLOCKS):
        yield BLOCK_FROM_PLC, struct.pack("<BBH", 0, 1, number + 1)
    yield END_FROM_PLC, struct.pack("<BBH", 0, 1, BLOCKS + 2)


def session():
    """What an engineering station says, in order: (sub-function, data)."""
    yield READ_ID, b""
    yield INIT, b"\x00"
    yield PROJECT, b"\x00"
    yield PROJECT, b"\x04"
    yield PLC_INFO, b""
    yield CARD_INFO, b""
    yield READ_BLOCK, struct.pack("<BHIHH", 0, 0x13, 0, 0, 100)
    yield READ_VARIABLES, CHECKSUM + struct.pack("<BBHBHH", 1, 2, 0x30, 1, 8, 0)
    yield READ_REGISTERS, struct.pack("<BBHHHH", 1, 0, 100, 0, 2, 0)
    yield ETHERNET_MASTER, b"\x00\x00"
    yield STOP, b"\xff\x00"
    yield RESERVE, struct.pack("<HHB", 0x4C43, 0, len(STATION)) + STATION
    yield KEEP_ALIVE, b""
    yield MONITOR, bytes.fromhex("1500010b")
    yield WRITE_VARIABLES, CHECKSUM + struct.pack("<BBHBHHH", 1, 2, 0x30, 1, 8, 0, 480)
    yield WRITE_REGISTERS, struct.pack("<BBHHHHf", 1, 0, 100, 0, 2, 0, 4.8)
    yield from program_from_plc()
    yield STOP, b"\xff\x00"
    yield from program_to_plc()
    yield START, b"\xff\x00"
    yield STATUS, bytes.fromhex("0100000000ffff0070")
    yield KEEP_ALIVE, b""
    yield RELEASE, b""
    yield STATUS, bytes.fromhex("07018000000000fb00")


def program(host, port):
    """The client."""
    key = 0
    with Link(host, port) as link:
        for function, data in session():
            answer = link.ask(0, bytes([FUNCTION, key, function]) + data)
            if function == RESERVE and answer[2] == DONE:
                key = answer[3]
            if function == RELEASE:
                key = 0
            time.sleep(0.03)


def read_block(data):
    """20: that many bytes of zeroes and a pattern, after their number."""
    size = struct.unpack_from("<BHIHH", data)[4]
    return struct.pack("<BH", 0, size) + bytes(number & 0x0F for number in range(size))


def block_from_plc(data):
    """34: one block of the program, after its number."""
    number = struct.unpack_from("<BBH", data)[2]
    block = PROGRAM[(number - 1) * BLOCK : number * BLOCK]
    return struct.pack("<BHH", 0, number, len(block)) + block


# What follows FE: bytes, or what makes them from the data of the request.
ANSWERS = {
    INIT: bytes.fromhex("fd000104000007000000000000"),
    READ_ID: IDENTITY,
    PROJECT: struct.pack("<BIIB", 2, 0x98880000, 0x98880000, 8) + b"Dosing7\0",
    PLC_INFO: bytes([2, 0x82, 0x80, 6]) + CHECKSUM * 4 + bytes(40) + bytes([1, 8]),
    CARD_INFO: bytes([1, 0]) + struct.pack("<II", 8 << 20, 3 << 20) + b"SD CARD\0",
    RESERVE: bytes([SESSION]),
    RELEASE: b"",
    KEEP_ALIVE: b"",
    READ_BLOCK: read_block,
    READ_VARIABLES: struct.pack("<f", 1.2),
    WRITE_VARIABLES: b"",
    READ_REGISTERS: struct.pack("<f", 1.2),
    WRITE_REGISTERS: b"",
    BEGIN_TO_PLC: struct.pack("<BH", 0, BLOCK),
    BLOCK_TO_PLC: lambda data: data[:3],
    END_TO_PLC: b"",
    BEGIN_FROM_PLC: struct.pack("<BHH", 0, BLOCKS, BLOCK),
    BLOCK_FROM_PLC: block_from_plc,
    END_FROM_PLC: b"",
    ETHERNET_MASTER: bytes(12),
    START: b"",
    STOP: b"",
    MONITOR: bytes.fromhex("0b000000100100140000"),
    STATUS: bytes.fromhex("0100"),
}


class Handler(socketserver.BaseRequestHandler):
    """One connection of an engineering station."""

    def handle(self):
        while True:
            message = receive_adu(self.request)
            if message is None:
                return
            transaction, unit, pdu = message
            self.request.sendall(adu(transaction, unit, self.answer(pdu)))

    @staticmethod
    def answer(pdu):
        """The answering PDU: refused where the reservation is missing."""
        if len(pdu) < 3 or pdu[0] != FUNCTION:
            return bytes([(pdu[0] if pdu else 0) | 0x80, 1])
        key, function, data = pdu[1], pdu[2], pdu[3:]
        if function not in ANSWERS or (function in NEEDS_SESSION and key != SESSION):
            return bytes([FUNCTION, key, REFUSED, 0x81, 0x80])
        answer = ANSWERS[function]
        if callable(answer):
            answer = answer(data)
        return bytes([FUNCTION, key, DONE]) + answer


class Server(socketserver.TCPServer):
    """One station at a time."""

    allow_reuse_address = True


def serve(host, port):
    """The controller."""
    with Server((host, port), Handler) as server:
        server.serve_forever()


if __name__ == "__main__":
    ROLE = {"serve": serve, "program": program}[sys.argv[1]]
    ROLE(sys.argv[2], int((sys.argv + [PORT])[3]))
