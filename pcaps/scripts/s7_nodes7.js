// npm's nodes7, which reads and writes many variables in one request: s7_nodes7.js ADDRESS
'use strict';
const nodes7 = require('nodes7');
const plc = new nodes7({silent: true});

plc.initiateConnection({port: 102, host: process.argv[2], rack: 0, slot: 1}, (error) => {
    if (error)
        process.exit(1);
    plc.setTranslationCB((name) => name);
    plc.addItems(['DB1,REAL8', 'DB12,X4.3', 'DB2,INT0.8', 'MW100', 'QB0', 'IB1', 'DB2,BYTE300.40']);
    plc.readAllItems(() => {
        plc.writeItems(['DB1,REAL8', 'DB2,INT0'], [4.8, 7], () => {
            plc.readAllItems(() => plc.dropConnection(() => process.exit(0)));
        });
    });
});
