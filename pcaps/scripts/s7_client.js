// Snap7's S7 client, from npm's node-snap7: s7_client.js WHAT ADDRESS
'use strict';
const snap7 = require('node-snap7');
const [what, address] = process.argv.slice(2);
const client = new snap7.S7Client();
const BYTE = client.S7WLByte, BIT = client.S7WLBit, REAL = client.S7WLReal,
    WORD = client.S7WLWord, TIMER = client.S7WLTimer;
const DB = client.S7AreaDB, M = client.S7AreaMK, I = client.S7AreaPE, Q = client.S7AreaPA,
    T = client.S7AreaTM;

function wait(ms) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

function real(value) {
    const b = Buffer.alloc(4);
    b.writeFloatBE(value);
    return b;
}

function item(area, db, start, amount, length, data) {
    return {Area: area, DBNumber: db, Start: start, Amount: amount, WordLen: length, Data: data};
}

// What an operator panel asks for, over and over.
const panel = [item(DB, 1, 8, 1, REAL), item(DB, 12, 35, 1, BIT), item(M, 0, 100, 2, BYTE),
               item(Q, 0, 0, 1, BYTE), item(I, 0, 11, 1, BIT)];

const doings = {
    poll() {
        for (let n = 0; n < 10; n++) {
            client.ReadArea(DB, 1, 8, 1, REAL);
            client.DBRead(2, 0, 16);
            client.ReadMultiVars(panel);
            wait(100);
        }
    },
    hmi_write() {
        client.WriteArea(DB, 12, 35, 1, BIT, Buffer.from([1]));
        client.WriteArea(DB, 1, 8, 1, REAL, real(4.8));
        client.WriteMultiVars([item(DB, 2, 0, 3, BYTE, Buffer.from([1, 2, 3])),
                               item(M, 0, 100, 1, WORD, Buffer.from([0, 7]))]);
        client.ReadMultiVars(panel);
    },
    write_outputs() {
        client.WriteArea(Q, 0, 0, 1, BYTE, Buffer.from([0xff]));
        client.WriteArea(I, 0, 11, 1, BIT, Buffer.from([1]));
        client.WriteArea(T, 0, 5, 1, TIMER, Buffer.from([0x10, 0x50]));
    },
    blocks() {
        client.ListBlocks();
        client.ListBlocksOfType(client.Block_DB);
        client.GetAgBlockInfo(client.Block_DB, 1);
        client.GetAgBlockInfo(client.Block_DB, 99);
    },
    identity() {
        client.GetOrderCode();
        client.GetCpuInfo();
        client.GetCpInfo();
        client.GetProtection();
        client.PlcStatus();
        client.ReadSZLList();
        client.ReadSZL(0x0424, 0);
        client.ReadSZL(0x0074, 0);
        client.ReadSZL(0x0131, 1);
    },
    clock_read() {
        client.GetPlcDateTime();
    },
    clock_set() {
        client.GetPlcDateTime();
        client.SetPlcDateTime({year: 2026, month: 2, day: 3, hours: 4, minutes: 5, seconds: 6});
    },
    password() {
        client.SetSessionPassword('secret12');
        client.ClearSessionPassword();
    },
    plc_stop() {
        doings.poll();
        client.PlcStop();
        client.PlcStatus();
    },
    starts() {
        client.PlcHotStart();
        client.PlcColdStart();
    },
    memory() {
        client.CopyRamToRom(1000);
        client.Compress(1000);
        client.Delete(client.Block_DB, 12);
    },
    missing() {
        for (let db = 40; db < 60; db++)
            client.DBRead(db, 0, 4);
    },
    one_missing() {
        client.DBRead(40, 0, 4);
        client.DBRead(1, 0, 4);
    },
    upload_refused() {
        client.Upload(client.Block_DB, 1, 65536);
    },
    slots() {
        client.Disconnect();
        for (let slot = 0; slot < 12; slot++) {
            client.ConnectTo(address, 0, slot);
            client.Disconnect();
        }
    },
};

if (!client.ConnectTo(address, 0, 2)) {
    console.error('cannot connect: ' + client.ErrorText(client.LastError()));
    process.exit(1);
}
doings[what]();
client.Disconnect();
