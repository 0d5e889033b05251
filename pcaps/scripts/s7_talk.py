#!/usr/bin/python3
"""Two ends that say what files of tests/messages have them say.

usage: s7_talk.py serve|call ADDRESS[:PORT] FILE...

Lines of the file that begin with > are the client's, with < the server's; each side
sends its own and waits for the length of the other's. No stack made these: shapes come
from public captures, contents are invented.
"""

import re
import socket
import sys
import time


def lines_of(paths):
    for path in paths:
        with open(path, encoding="utf-8") as text:
            for line in text:
                if line[0] in "<>":
                    yield line[0], bytes.fromhex(re.sub(r"\s", "", line[1:]))


def receive(peer, size):
    while size > 0:
        got = peer.recv(size)
        if not got:
            sys.exit(0)
        size -= len(got)


def talk(peer, paths, own):
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for who, message in lines_of(paths):
        if who == own:
            time.sleep(0.01)
            peer.sendall(message)
        else:
            receive(peer, len(message))
    time.sleep(0.1)
    peer.close()


def main():
    what, address, *paths = sys.argv[1:]
    address, _, port = address.partition(":")
    end = (address, int(port or 102))
    if what == "call":
        talk(socket.create_connection(end), paths, ">")
        return
    with socket.create_server(end) as listener:
        while True:
            peer, _ = listener.accept()
            talk(peer, paths, "<")


main()
