#!/usr/bin/python3
"""What pymodbus's client can say by itself: stack_client.py SCENARIO ADDRESS [PORT]"""

import logging
import sys
import time

from pymodbus.bit_read_message import ReadCoilsRequest
from pymodbus.client import ModbusTcpClient, ModbusUdpClient
from pymodbus.constants import ModbusPlusOperation
from pymodbus import diag_message as diag
from pymodbus.file_message import (
    FileRecord,
    ReadFifoQueueRequest,
    ReadFileRecordRequest,
    WriteFileRecordRequest,
)
from pymodbus.mei_message import ReadDeviceInformationRequest
from pymodbus.other_message import (
    GetCommEventCounterRequest,
    GetCommEventLogRequest,
    ReadExceptionStatusRequest,
    ReportSlaveIdRequest,
)
from pymodbus.register_read_message import (
    ReadHoldingRegistersRequest,
    ReadInputRegistersRequest,
)
from pymodbus.register_write_message import (
    MaskWriteRegisterRequest,
    WriteMultipleRegistersRequest,
    WriteSingleRegisterRequest,
)
from pymodbus.transaction import ModbusRtuFramer

UNIT = 3
BASIC, REGULAR, EXTENDED, SPECIFIC = 1, 2, 3, 4

COUNTERS = (
    diag.ReturnDiagnosticRegisterRequest,
    diag.ReturnBusMessageCountRequest,
    diag.ReturnBusCommunicationErrorCountRequest,
    diag.ReturnBusExceptionErrorCountRequest,
    diag.ReturnSlaveMessageCountRequest,
    diag.ReturnSlaveNoResponseCountRequest,
    diag.ReturnSlaveNAKCountRequest,
    diag.ReturnSlaveBusyCountRequest,
    diag.ReturnSlaveBusCharacterOverrunCountRequest,
    diag.ReturnIopOverrunCountRequest,
)


def reads(rounds):
    """The poll of the other captures, for `rounds` rounds."""
    for _ in range(rounds):
        yield ReadHoldingRegistersRequest(100, 4)
        yield ReadInputRegistersRequest(10, 2)
        yield ReadCoilsRequest(0, 8)


def rtu_poll():
    """Reads, a refusal and two writes, for the serial framing."""
    yield from reads(5)
    yield ReadHoldingRegistersRequest(5000, 2)
    yield WriteSingleRegisterRequest(110, 77)
    yield WriteMultipleRegistersRequest(100, [0x999A, 0x3F99])


def identification():
    """43/14 as a whole, continued where `more follows`; objects alone; then 17."""
    yield ReadDeviceInformationRequest(BASIC)
    yield ReadDeviceInformationRequest(REGULAR)
    for first in (0x00, 0x81, 0x83):
        yield ReadDeviceInformationRequest(EXTENDED, first)
    for number in (0x00, 0x04, 0x80):
        yield ReadDeviceInformationRequest(SPECIFIC, number)
    yield ReportSlaveIdRequest()


def diagnostics():
    """All of function 8 but listen only, and 7, 11, 12, 17."""
    yield diag.ReturnQueryDataRequest(0xA537)
    yield diag.RestartCommunicationsOptionRequest(False)
    yield diag.ChangeAsciiInputDelimiterRequest(0x0D00)
    for request in COUNTERS:
        yield request(0)
    yield diag.ClearCountersRequest(0)
    yield diag.ClearOverrunCountRequest(0)
    statistics = diag.GetClearModbusPlusRequest()
    statistics.message = ModbusPlusOperation.GetStatistics
    yield statistics
    yield ReadExceptionStatusRequest()
    yield GetCommEventCounterRequest()
    yield GetCommEventLogRequest()
    yield ReportSlaveIdRequest()


def diagnostics_benign():
    """A line test: the echo, three times, among reads."""
    for word in (0x0000, 0xA537, 0x5AC8):
        yield from reads(1)
        yield diag.ReturnQueryDataRequest(word)


def listen_only():
    """The server is made to fall silent; the poll goes on without answers."""
    yield from reads(2)
    yield diag.ForceListenOnlyModeRequest(0)
    yield from reads(2)


def restart():
    """8/1 keeping, then clearing the event log."""
    yield from reads(1)
    yield diag.RestartCommunicationsOptionRequest(False)
    yield diag.RestartCommunicationsOptionRequest(True)
    yield from reads(1)


def clear_counters():
    """8/10 and 8/20."""
    yield from reads(1)
    yield diag.ClearCountersRequest(0)
    yield diag.ClearOverrunCountRequest(0)
    yield from reads(1)


def files():
    """20 with one and with two sub-requests, with a file that is not there, and 21."""
    yield ReadFileRecordRequest([wanted(4, 1, 2)])
    yield ReadFileRecordRequest([wanted(4, 1, 2), wanted(3, 9, 4)])
    yield ReadFileRecordRequest([wanted(40, 0, 2)])
    record = FileRecord(file_number=4, record_number=7, record_data=b"\x06\xaf\x04\xbe")
    yield WriteFileRecordRequest([record])
    longer = FileRecord(file_number=5, record_number=0, record_data=bytes(range(100)))
    yield WriteFileRecordRequest([record, longer])


def wanted(number, first, words):
    """A sub-request of function 20."""
    return FileRecord(file_number=number, record_number=first, record_length=words)


def fifo():
    """24: a queue of four, and one that is not there."""
    yield ReadFifoQueueRequest(1246)
    yield ReadFifoQueueRequest(17)


def exceptions():
    """One request for each refusal that the server's quirks give, after reads."""
    yield from reads(2)
    for address in range(191, 198):
        yield WriteSingleRegisterRequest(address, 1)
    yield ReadHoldingRegistersRequest(5000, 2)
    yield ReadHoldingRegistersRequest(0, 126)
    yield MaskWriteRegisterRequest(198, 0xFFFF, 0)
    yield from reads(1)


def udp():
    """The same as on the serial framing."""
    yield from rtu_poll()


SCENARIOS = {
    scenario.__name__: scenario
    for scenario in (
        clear_counters,
        diagnostics,
        diagnostics_benign,
        exceptions,
        fifo,
        files,
        identification,
        listen_only,
        restart,
        rtu_poll,
        udp,
    )
}


def connect(name, host, port):
    """The client this scenario needs."""
    if name == "udp":
        return ModbusUdpClient(host, port=port, timeout=1)
    if name == "rtu_poll":
        return ModbusTcpClient(host, port=port, framer=ModbusRtuFramer, timeout=1)
    return ModbusTcpClient(host, port=port, timeout=1, retries=0)


def main():
    """Run one scenario, 50 ms between requests."""
    name, host = sys.argv[1:3]
    port = int(sys.argv[3]) if len(sys.argv) > 3 else 502
    client = connect(name, host, port)
    for request in SCENARIOS[name]():
        client.connect()
        request.unit_id = UNIT
        client.execute(request)
        time.sleep(0.05)
    client.close()


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    main()
