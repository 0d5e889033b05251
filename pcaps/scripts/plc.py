#!/usr/bin/python3
"""A pymodbus server whose units can be slow, busy, silent or missing.

    plc.py ADDRESS [--port N] [--framer tcp|rtu] [--udp] [--units 1,2,3]
           [--gateway] [--revision TEXT] [--quirk KEY=VALUE,...]...

Without --units every unit is the same device. With --gateway a unit that is not listed is
answered with exception 0B (target device failed to respond); without it, with silence.

A quirk changes the answer to the requests it matches; the first that matches counts:

    match:  unit=N or N-M, function=N or N-M, address=N or N-M, after=N (skip the first N)
            count=N (end after N)
    effect: exception=N, delay=SECONDS, silent=1

Every table has 200 entries from 0 with the values server.c has.
"""

import argparse
import asyncio
import logging
import struct

from pymodbus.datastore import (
    ModbusSequentialDataBlock,
    ModbusServerContext,
    ModbusSlaveContext,
)
from pymodbus.device import ModbusControlBlock, ModbusDeviceIdentification
from pymodbus.file_message import (
    FileRecord,
    ReadFifoQueueRequest,
    ReadFifoQueueResponse,
    ReadFileRecordRequest,
    ReadFileRecordResponse,
)
from pymodbus.pdu import ModbusExceptions
from pymodbus.server.async_io import (
    ModbusConnectedRequestHandler,
    ModbusDisconnectedRequestHandler,
    ModbusTcpServer,
    ModbusUdpServer,
)
from pymodbus.transaction import ModbusRtuFramer, ModbusSocketFramer

ENTRIES = 200
FILE_RECORDS = 100
FIFO = {1246: [440, 4740, 12, 7]}
RANGES = ("unit", "function", "address")
RESTART_COMMUNICATIONS = 1

IDENTITY = {
    0x00: "Sightglass Samples",
    0x01: "SG-PLC-7",
    0x02: "V3.30",
    0x03: "https://example.org/sg-plc-7",
    0x04: "Chlorine dosing controller",
    0x05: "SG PLC 7 sample",
    0x06: "north-wtp dosing",
    0x80: "Serial 0007-2026-0304",
    0x81: "Program " + "dosing-main/" * 7,
    0x82: "Modules " + "AI8 AO4 DI16 DO16 " * 4,
    0x83: "Maintenance " + "text of the last visit; " * 4,
}


class SampleFileRecord(ReadFileRecordRequest):
    """Function 20: files 1 to 9 hold records 0 to 99; word n of file f is f * 256 + n."""

    def execute(self, context):
        records = []
        for wanted in self.records:
            end = wanted.record_number + wanted.record_length
            if not 1 <= wanted.file_number <= 9 or end > FILE_RECORDS:
                return self.doException(ModbusExceptions.IllegalAddress)
            words = [
                wanted.file_number * 256 + number
                for number in range(wanted.record_number, end)
            ]
            data = struct.pack(f">{len(words)}H", *words)
            records.append(FileRecord(record_data=data))
        return SampleFileResponse(records)


class SampleFileResponse(ReadFileRecordResponse):
    """The sub-response as the specification has it: length first, then type.

    pymodbus 3.0 writes them the other way round.
    """

    def encode(self):
        body = b"".join(
            struct.pack(">BB", len(record.record_data) + 1, 6) + record.record_data
            for record in self.records
        )
        return struct.pack("B", len(body)) + body


class SampleFifo(ReadFifoQueueRequest):
    """Function 24; pymodbus has no queues of its own."""

    def execute(self, context):
        if self.address not in FIFO:
            return self.doException(ModbusExceptions.IllegalAddress)
        return SampleFifoResponse(FIFO[self.address])


class SampleFifoResponse(ReadFifoQueueResponse):
    """The FIFO count is in registers; pymodbus 3.0 writes it in bytes."""

    def encode(self):
        count = len(self.values)
        return struct.pack(f">HH{count}H", 2 + 2 * count, count, *self.values)


class Quirk:
    """One --quirk."""

    def __init__(self, text):
        settings = dict(part.split("=") for part in text.split(","))
        self.ranges = {
            key: self.parse_range(settings.pop(key)) for key in RANGES if key in settings
        }
        self.after = int(settings.pop("after", 0))
        self.count = int(settings.pop("count", 1_000_000))
        self.exception = int(settings.pop("exception", 0))
        self.delay = float(settings.pop("delay", 0))
        self.silent = bool(int(settings.pop("silent", 0)))
        self.seen = 0
        if settings:
            raise argparse.ArgumentTypeError(f"no such setting: {', '.join(settings)}")

    @staticmethod
    def parse_range(text):
        """`7` or `7-9`."""
        low, _, high = text.partition("-")
        return range(int(low), int(high or low) + 1)

    def matches(self, request):
        """Whether this request is one of ours; counts it if so."""
        actual = {
            "unit": request.unit_id,
            "function": request.function_code,
            "address": getattr(request, "address", -1),
        }
        if any(actual[key] not in span for key, span in self.ranges.items()):
            return False
        self.seen += 1
        return self.after < self.seen <= self.after + self.count


NO_QUIRK = Quirk("after=0")


class Quirky:
    """Mixed into pymodbus's handlers: looks at the quirks before the data store."""

    quirks = []

    def execute(self, request, *addr):
        """Answer a request late, with a refusal, not at all, or as pymodbus does."""
        quirk = next((q for q in self.quirks if q.matches(request)), NO_QUIRK)
        if quirk.silent or self.listens_only(request):
            return
        perform = super().execute
        if quirk.exception:
            refusal = request.doException(quirk.exception)
            refusal.transaction_id = request.transaction_id
            refusal.unit_id = request.unit_id
            asyncio.get_running_loop().call_later(quirk.delay, self.send, refusal, *addr)
        elif quirk.delay:
            asyncio.get_running_loop().call_later(quirk.delay, perform, request, *addr)
        else:
            perform(request, *addr)

    @staticmethod
    def listens_only(request):
        """Whether 8/4 was received; 8/1 ends it, itself without an answer."""
        control = ModbusControlBlock()
        if not control.ListenOnly:
            return False
        if getattr(request, "sub_function_code", None) == RESTART_COMMUNICATIONS:
            control._setListenOnly(False)  # pylint: disable=protected-access
        return True


class TcpHandler(Quirky, ModbusConnectedRequestHandler):
    """One TCP connection."""


class UdpHandler(Quirky, ModbusDisconnectedRequestHandler):
    """The UDP socket."""


def new_device():
    """The tables of one unit."""
    holding = [number * 10 for number in range(ENTRIES)]
    holding[100:104] = [0x999A, 0x3F99, 0x0000, 0x3F80]
    bits = [bool(number & 1) for number in range(ENTRIES)]
    return ModbusSlaveContext(
        hr=ModbusSequentialDataBlock(0, holding),
        ir=ModbusSequentialDataBlock(0, [1000 + number for number in range(ENTRIES)]),
        co=ModbusSequentialDataBlock(0, list(bits)),
        di=ModbusSequentialDataBlock(0, list(bits)),
        zero_mode=True,
    )


def new_context(units, gateway):
    """pymodbus passes requests to missing units on only when 0 or 255 is listed."""
    if not units:
        return ModbusServerContext(slaves=new_device(), single=True)
    slaves = {unit: new_device() for unit in units}
    if gateway:
        slaves[255] = new_device()
    return ModbusServerContext(slaves=slaves, single=False)


def parse_arguments():
    """The command line, as the module's text has it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("address")
    parser.add_argument("--port", type=int, default=502)
    parser.add_argument("--framer", choices=("tcp", "rtu"), default="tcp")
    parser.add_argument("--udp", action="store_true")
    parser.add_argument("--units", default="")
    parser.add_argument("--gateway", action="store_true")
    parser.add_argument("--revision", default=IDENTITY[0x02])
    parser.add_argument("--quirk", type=Quirk, action="append", default=[])
    return parser.parse_args()


async def serve():
    """Serve until a signal ends the process."""
    arguments = parse_arguments()
    Quirky.quirks = arguments.quirk
    units = [int(unit) for unit in arguments.units.split(",") if unit]
    kind, handler = ModbusTcpServer, TcpHandler
    if arguments.udp:
        kind, handler = ModbusUdpServer, UdpHandler
    server = kind(
        new_context(units, arguments.gateway),
        framer=ModbusRtuFramer if arguments.framer == "rtu" else ModbusSocketFramer,
        identity=ModbusDeviceIdentification(info=IDENTITY | {2: arguments.revision}),
        address=(arguments.address, arguments.port),
        handler=handler,
    )
    server.decoder.register(SampleFileRecord)
    server.decoder.register(SampleFifo)
    await server.serve_forever()


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    asyncio.run(serve())
