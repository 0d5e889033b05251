#!/usr/bin/python3
"""Traffic beside Modbus: neighbours.py dns ADDRESS | visit DNS WEB TLS

`dns` answers every A query with one address. `visit` asks it, fetches pages from the web
server of a controller, and speaks TLS to a historian.
"""

import socket
import ssl
import struct
import sys
import time
import urllib.error
import urllib.request

DNS_PORT = 53
ANSWER_ADDRESS = "10.20.3.7"
NAMES = ("plc-7.north-wtp.example", "historian.north-wtp.example")


def encode_name(name):
    """Labels with their lengths."""
    labels = (bytes([len(label)]) + label.encode() for label in name.split("."))
    return b"".join(labels) + b"\0"


def dns(address):
    """A name server with one answer."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind((address, DNS_PORT))
    record = struct.pack(">HHHIH", 0xC00C, 1, 1, 300, 4)
    record += socket.inet_aton(ANSWER_ADDRESS)
    while True:
        query, client = sock.recvfrom(512)
        head = query[:2] + struct.pack(">HHHHH", 0x8580, 1, 1, 0, 0)
        sock.sendto(head + query[12:] + record, client)


def ask_name(server, name, number):
    """One A query."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(1)
        question = encode_name(name) + struct.pack(">HH", 1, 1)
        head = struct.pack(">HHHHHH", number, 0x0100, 1, 0, 0, 0)
        sock.sendto(head + question, (server, DNS_PORT))
        sock.recvfrom(512)


def fetch(address, path):
    """One page; a refusal is a page too."""
    try:
        with urllib.request.urlopen(f"http://{address}{path}", timeout=2) as page:
            page.read()
    except urllib.error.HTTPError:
        pass


def whisper(address):
    """A TLS session with a server that is not authenticated."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with socket.create_connection((address, 443), timeout=2) as plain:
        with context.wrap_socket(plain, server_hostname=NAMES[1]) as secret:
            secret.sendall(b"GET / HTTP/1.0\r\n\r\n")
            secret.recv(1024)


def visit(name_server, web, historian):
    """Three rounds of all of it."""
    for turn in range(3):
        for number, name in enumerate(NAMES):
            ask_name(name_server, name, 0x4711 + 2 * turn + number)
        fetch(web, "/index.html")
        fetch(web, "/missing.html")
        whisper(historian)
        time.sleep(0.3)


if __name__ == "__main__":
    {"dns": dns, "visit": visit}[sys.argv[1]](*sys.argv[2:])
