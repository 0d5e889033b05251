"""Modbus/TCP as bytes: for what a well-behaved stack refuses to send.

    +---------+---------+--------+------+----------+------
    | transac | proto 0 | length | unit | function | data
    +---------+---------+--------+------+----------+------
      2         2         2        1      1          ...      length counts from unit on
"""

import socket
import struct

PORT = 502
HEADER = struct.Struct(">HHHB")


def adu(transaction, unit, pdu, protocol=0, length=None):
    """One message. `length` may lie; None is the truth."""
    if length is None:
        length = len(pdu) + 1
    return HEADER.pack(transaction, protocol, length, unit) + pdu


def read_pdu(function, address, quantity):
    """Functions 1 to 4, and 5 and 6 with a value for the quantity."""
    return struct.pack(">BHH", function, address, quantity)


def write_registers_pdu(address, values):
    """Function 16."""
    head = struct.pack(">BHHB", 16, address, len(values), 2 * len(values))
    return head + struct.pack(f">{len(values)}H", *values)


def receive_exactly(sock, size):
    """`size` bytes, or None when the peer closed or went silent."""
    data = b""
    while len(data) < size:
        try:
            piece = sock.recv(size - len(data))
        except OSError:
            return None
        if not piece:
            return None
        data += piece
    return data


def receive_adu(sock):
    """(transaction, unit, pdu) of one message, or None."""
    head = receive_exactly(sock, HEADER.size)
    if head is None:
        return None
    transaction, _, length, unit = HEADER.unpack(head)
    pdu = receive_exactly(sock, length - 1)
    return None if pdu is None else (transaction, unit, pdu)


class Link:
    """A client's connection; numbers its transactions from 1."""

    def __init__(self, host, port=PORT, timeout=1.0, max_segment=None):
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.sock = socket.socket(family, socket.SOCK_STREAM)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if max_segment:
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, max_segment)
        self.sock.connect((host, port))
        self.sock.settimeout(timeout)
        self.transaction = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def number(self):
        """The next transaction identifier."""
        self.transaction = self.transaction % 0xFFFF + 1
        return self.transaction

    def send(self, unit, pdu, **lies):
        """Send a request and do not wait; gives its transaction identifier."""
        self.sock.sendall(adu(self.number(), unit, pdu, **lies))
        return self.transaction

    def ask(self, unit, pdu):
        """Send a request; gives the PDU of its answer, or None after the timeout.

        Answers to older requests that come meanwhile are dropped, as a master does
        that gave them up.
        """
        transaction = self.send(unit, pdu)
        while True:
            answer = receive_adu(self.sock)
            if answer is None or answer[0] == transaction:
                return answer and answer[2]
