// Snap7's S7 server, from npm's node-snap7: s7_server.js ADDRESS
// Data blocks 1 (64 bytes), 2 and 12, the process image, merkers, timers and counters.
'use strict';
const snap7 = require('node-snap7');
const server = new snap7.S7Server();

for (const [number, size] of [[1, 64], [2, 1024], [12, 32]])
    server.RegisterArea(server.srvAreaDB, number, Buffer.alloc(size, number));
server.RegisterArea(server.srvAreaPE, Buffer.alloc(16));
server.RegisterArea(server.srvAreaPA, Buffer.alloc(16));
server.RegisterArea(server.srvAreaMK, Buffer.alloc(256));
server.RegisterArea(server.srvAreaTM, Buffer.alloc(32));
server.RegisterArea(server.srvAreaCT, Buffer.alloc(32));
if (!server.StartTo(process.argv[2])) {
    console.error('cannot listen: ' + server.ErrorText(server.LastError()));
    process.exit(1);
}
setInterval(() => {}, 1000);
