#!/usr/bin/python3
"""What no stack's client says by itself: wire_client.py SCENARIO ADDRESS [PORT]"""

import socket
import struct
import sys
import time

from wire import PORT, Link, adu, read_pdu, receive_adu, write_registers_pdu

UNIT = 3
DOSE = read_pdu(3, 100, 4)

# A plain request of each public function code; the others get four bytes of data.
REQUESTS = {
    5: read_pdu(5, 150, 0x0000),
    6: read_pdu(6, 150, 1500),
    7: bytes([7]),
    8: bytes.fromhex("080000a537"),
    11: bytes([11]),
    12: bytes([12]),
    15: bytes.fromhex("0f009600020100"),
    16: write_registers_pdu(150, [1500]),
    17: bytes([17]),
    20: bytes.fromhex("14070600040001 0002"),
    21: bytes.fromhex("15090600040007 0001 06af"),
    22: struct.pack(">BHHH", 22, 150, 0xFFFF, 0),
    23: struct.pack(">BHHHHBH", 23, 100, 2, 150, 1, 2, 1500),
    24: struct.pack(">BH", 24, 1246),
    43: bytes.fromhex("2b0e0100"),
}


def scan_functions(host, port):
    """Every function code from 1 to 127."""
    with Link(host, port) as link:
        for function in range(1, 128):
            link.ask(UNIT, REQUESTS.get(function, read_pdu(function, 0, 1)))


def one_bad_function(host, port):
    """A master that tries a vendor's function once and goes on without it."""
    with Link(host, port) as link:
        for turn in range(8):
            link.ask(UNIT, DOSE)
            if turn == 3:
                link.ask(UNIT, bytes([65, 0, 0]))


def unit_sweep(host, port):
    """The same read of every unit from 1 to 247."""
    with Link(host, port) as link:
        for unit in range(1, 248):
            link.ask(unit, read_pdu(3, 0, 1))


def value_scan(host, port):
    """Forty values tried on one register, most of them refused."""
    with Link(host, port) as link:
        for turn in range(40):
            link.ask(UNIT, read_pdu(6, 120, turn * 1638))


def one_bad_value(host, port):
    """A poll with one write whose value the device refuses."""
    with Link(host, port) as link:
        for turn in range(8):
            link.ask(UNIT, DOSE)
            if turn == 3:
                link.ask(UNIT, read_pdu(6, 120, 65000))


def gateway(host, port):
    """Three rounds over units 1 to 5 and 9; whoever is not there in 2 s is given up."""
    with Link(host, port, timeout=2.0) as link:
        for _ in range(3):
            for unit in (1, 2, 3, 4, 5, 9):
                link.ask(unit, read_pdu(3, 100, 2))
        time.sleep(3.2)


def late(host, port):
    """Two bursts of eight requests in flight; the slow addresses are answered last."""
    with Link(host, port) as link:
        for _ in range(2):
            for turn in range(8):
                link.send(UNIT, read_pdu(3, 100 + turn, 1 + turn))
                time.sleep(0.01)
            time.sleep(2.0)


def busy(host, port):
    """Forty reads: five answered, thirty refused as busy, five answered."""
    with Link(host, port) as link:
        for _ in range(40):
            link.ask(UNIT, DOSE)
            time.sleep(0.05)


def acknowledge(host, port):
    """A long command is acknowledged (05); the master asks until it is done."""
    with Link(host, port) as link:
        link.ask(UNIT, DOSE)
        for _ in range(30):
            link.ask(UNIT, read_pdu(6, 130, 1))
            time.sleep(0.05)


def poll_stops(host, port):
    """Twenty answered reads, then forty without an answer, over five connections."""
    with Link(host, port, timeout=0.2) as link:
        for _ in range(28):
            link.ask(UNIT, DOSE)
    for _ in range(4):
        time.sleep(0.3)
        with Link(host, port, timeout=0.2) as link:
            for _ in range(8):
                link.ask(UNIT, DOSE)


def split(host, port):
    """Messages cut over segments, and several in one; long answers cut by a small MSS."""
    with Link(host, port, max_segment=100) as link:
        for cut in (1, 2, 5, 7, 8, 11):
            send_in_pieces(link, adu(link.number(), UNIT, DOSE), cut)
            receive_adu(link.sock)
        link.sock.sendall(b"".join(adu(link.number(), UNIT, DOSE) for _ in range(4)))
        for _ in range(4):
            receive_adu(link.sock)
        write = adu(link.number(), UNIT, write_registers_pdu(150, range(20)))
        send_in_pieces(link, write + adu(link.number(), UNIT, DOSE), 9)
        receive_adu(link.sock)
        receive_adu(link.sock)
        link.ask(UNIT, read_pdu(3, 0, 125))
        link.ask(UNIT, read_pdu(3, 50, 100))


def send_in_pieces(link, data, size):
    """`data` in segments of `size` bytes."""
    for start in range(0, len(data), size):
        link.sock.sendall(data[start : start + size])
        time.sleep(0.01)


def toggle(host, port):
    """One coil set and cleared forty times in four seconds."""
    with Link(host, port) as link:
        for turn in range(40):
            link.ask(4, read_pdu(5, 0, 0xFF00 if turn % 2 == 0 else 0x0000))
            time.sleep(0.1)


def flood(host, port):
    """Four hundred requests sent as fast as they go, nobody reads the answers in time."""
    with Link(host, port) as link:
        for _ in range(400):
            link.send(UNIT, DOSE)
        time.sleep(1.0)


def broadcast(host, port):
    """Writes to unit 0, to which the gateway's devices do not answer."""
    with Link(host, port, timeout=0.3) as link:
        for _ in range(3):
            link.ask(1, DOSE)
            link.ask(0, read_pdu(6, 110, 77))
            link.ask(2, DOSE)


# Each line one message: what is wrong with it, the PDU, and which header field lies.
MALFORMED = (
    ("a good read first", DOSE, {}),
    ("length says two bytes less", DOSE, {"length": 4}),
    ("length says one byte more", DOSE, {"length": 7}),
    ("length 0", DOSE, {"length": 0}),
    ("protocol 1", DOSE, {"protocol": 1}),
    ("quantity 0", read_pdu(3, 100, 0), {}),
    ("quantity 126 registers", read_pdu(3, 0, 126), {}),
    ("quantity 2001 coils", read_pdu(1, 0, 2001), {}),
    ("quantity 65535", read_pdu(4, 0, 65535), {}),
    ("last address above 65535", read_pdu(3, 65535, 2), {}),
    ("byte count 2 for two registers", bytes.fromhex("100064000202 0001 0002"), {}),
    ("byte count 8 for two registers", bytes.fromhex("100064000208 0001 0002"), {}),
    ("124 registers written", write_registers_pdu(0, [7] * 124), {}),
    ("1969 coils written", bytes.fromhex("0f000007b1f7") + bytes(247), {}),
    ("coil value 0x1234", read_pdu(5, 0, 0x1234), {}),
    ("an exception from the client", bytes([0x83, 0x02]), {}),
    ("function 0", bytes([0, 0, 0, 0, 1]), {}),
    ("function 128", bytes([0x80, 0x01]), {}),
    ("no function at all", b"", {}),
    ("cut short after the address", bytes.fromhex("030064"), {}),
    ("ADU of 261 bytes", write_registers_pdu(0, [7] * 123) + bytes(2), {}),
    ("ADU of 307 bytes", bytes([66]) + bytes(299), {}),
    ("surplus byte inside the length", read_pdu(6, 110, 1) + b"\xff", {}),
    ("file record of type 7", bytes.fromhex("14070700040001 0002"), {}),
    ("file record byte count 6", bytes.fromhex("140606000400010002"), {}),
    ("MEI type 99", bytes.fromhex("2b630100"), {}),
    ("43/14 read code 9", bytes.fromhex("2b0e0900"), {}),
    ("8/65535", bytes.fromhex("08ffff0000"), {}),
    ("a good read last", DOSE, {}),
)


def malformed(host, port):
    """Each broken message on a connection of its own."""
    for _, pdu, lies in MALFORMED:
        with Link(host, port, timeout=0.3) as link:
            link.ask(UNIT, DOSE)
            link.send(UNIT, pdu, **lies)
            receive_adu(link.sock)


# The lenient server picks its broken answer by the address asked for.
def bad_answers(host, port):
    """Good requests, answered wrongly: addresses 1000 up choose how."""
    with Link(host, port, timeout=0.3) as link:
        link.ask(UNIT, DOSE)
        for address in range(1000, 1010):
            link.ask(UNIT, read_pdu(3, address, 2))
        link.ask(UNIT, read_pdu(6, 1010, 500))
        link.ask(UNIT, write_registers_pdu(1011, [1, 2]))
        link.ask(UNIT, DOSE)


def not_modbus(host, port):
    """Three clients that speak something else to port 502."""
    texts = (
        b"GET / HTTP/1.1\r\nHost: 10.20.3.7:502\r\nUser-Agent: probe/1.0\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        bytes.fromhex("16030100310100002d0303") + bytes(range(46)),
    )
    for text in texts:
        with Link(host, port, timeout=0.3) as link:
            link.sock.sendall(text)
            try:
                link.sock.recv(256)
            except (socket.timeout, ConnectionResetError):
                pass


SCENARIOS = {
    scenario.__name__: scenario
    for scenario in (
        acknowledge,
        bad_answers,
        broadcast,
        busy,
        flood,
        gateway,
        late,
        malformed,
        not_modbus,
        one_bad_function,
        one_bad_value,
        poll_stops,
        scan_functions,
        split,
        toggle,
        unit_sweep,
        value_scan,
    )
}


if __name__ == "__main__":
    SCENARIOS[sys.argv[1]](sys.argv[2], int((sys.argv + [PORT])[3]))
