#!/usr/bin/python3
"""A server that minds nothing and is itself wrong when asked: lenient.py ADDRESS [PORT]

It answers what it cannot understand with exception 3, and a read from address 1000 up
with the broken answer of that number.
"""

import socketserver
import struct
import sys

from wire import PORT, adu, receive_adu

GOOD = bytes.fromhex("0304 0001 0002")


def broken_answers(transaction, unit):
    """What is sent for a request at address 1000, 1001, ...: a list of messages each."""

    def message(pdu, **lies):
        return adu(lies.pop("transaction", transaction), unit, pdu, **lies)

    return (
        [message(bytes.fromhex("0302 0001"))],  # half of what was asked for
        [message(bytes.fromhex("0306 0001 0002 0003"))],  # more than was asked for
        [message(bytes.fromhex("0306 0001 0002"))],  # byte count above the data
        [message(bytes.fromhex("0404 0001 0002"))],  # another function
        [message(GOOD, transaction=transaction + 500)],  # a transaction nobody began
        [message(GOOD), message(GOOD)],  # the same answer twice
        [adu(transaction, unit + 1, GOOD)],  # another unit
        [message(bytes([0x83]))],  # an exception without a code
        [message(bytes([0x83, 0x63]))],  # an exception code nobody defined
        [message(bytes([0x83, 0x02, 0x00]))],  # an exception with a surplus byte
        [message(struct.pack(">BHH", 6, 1010, 501))],  # 6: another value echoed
        [message(struct.pack(">BHH", 16, 1012, 2))],  # 16: another address echoed
    )


def good_answer(pdu):
    """The answer to a read of registers; exception 3 to the rest."""
    if len(pdu) == 5 and pdu[0] in (3, 4):
        quantity = struct.unpack(">H", pdu[3:])[0]
        if 1 <= quantity <= 125:
            values = struct.pack(f">{quantity}H", *range(quantity))
            return bytes([pdu[0], 2 * quantity]) + values
    function = pdu[0] if pdu else 0
    return bytes([function | 0x80, 3])


class Handler(socketserver.BaseRequestHandler):
    """One connection."""

    def handle(self):
        self.request.settimeout(2)
        while True:
            message = receive_adu(self.request)
            if message is None:
                return
            for answer in self.answers(*message):
                self.request.sendall(answer)

    @staticmethod
    def answers(transaction, unit, pdu):
        """The messages to send for this one."""
        broken = broken_answers(transaction, unit)
        address = struct.unpack(">H", pdu[1:3])[0] if len(pdu) >= 5 else 0
        if 1000 <= address < 1000 + len(broken):
            return broken[address - 1000]
        return [adu(transaction, unit, good_answer(pdu))]


class Server(socketserver.ThreadingTCPServer):
    """One thread for a connection."""

    allow_reuse_address = True
    daemon_threads = True


if __name__ == "__main__":
    with Server((sys.argv[1], int((sys.argv + [PORT])[2])), Handler) as server:
        server.serve_forever()
