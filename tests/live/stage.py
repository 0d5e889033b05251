"""The stage of the live tests: a small plant on one host, a Redis, and the sensor.

    client ---- a0 [ bridge ] b0 ---- server        a Modbus server of pymodbus
                  \\         /
                   \\ mirror/
                     m0 ---- span0                  the sensor's namespace

Each has a network namespace of its own.  What enters a0 or b0 is copied to m0, so the
sensor's port gets each frame once.  All names carry the process id, and close() takes
everything away again.
"""

import atexit
import ctypes
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
SIGHTGLASS = os.path.abspath(os.environ.get("SIGHTGLASS", "./sightglass"))
CLIENT, SERVER = "192.0.2.10", "192.0.2.20"
CLONE_NEWNET = 0x40000000
TOOLS = ("ip", "tc", "ethtool", "redis-server")

sys.path.insert(0, os.path.join(TOP, "pcaps", "scripts"))
from wire import Link, read_pdu  # noqa: E402


def run(*words, check=True, **more):
    return subprocess.run(words, check=check, capture_output=True, text=True, **more)


def until(holds, seconds, nap=0.02):
    """What holds() gives as soon as it is true; or its last word."""
    end = time.monotonic() + seconds
    while True:
        found = holds()
        if found or time.monotonic() > end:
            return found
        time.sleep(nap)


def unprivileged():
    """Whom the sensor runs as."""
    for name in ("sightglass", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            pass
    return None


class Tap:
    """Prints a line a case; a case is what holds."""

    def __init__(self):
        self.n = self.failed = 0

    def case(self, holds, name, *notes):
        self.n += 1
        print(f"{'ok' if holds else 'not ok'} {self.n} - {name}")
        for note in notes if not holds else ():
            print("\n".join("# " + line for line in str(note).splitlines()[:40]))
        self.failed += not holds
        sys.stdout.flush()
        return holds

    def end(self):
        print(f"1..{self.n}")
        return 1 if self.failed else 0


def skip(why):
    print(f"1..0 # SKIP {why}")
    sys.exit(0)


def need(*tools):
    """Skips where the stage cannot be set."""
    if os.geteuid() != 0:
        skip("needs root")
    for tool in TOOLS + tools:
        if not shutil.which(tool):
            skip(f"{tool} is not installed")
    probe = f"sg{os.getpid()}"
    if run("ip", "netns", "add", probe, check=False).returncode:
        skip("no network namespaces here")
    run("ip", "netns", "del", probe)
    if not unprivileged():
        skip("no unprivileged user here")


class Redis:
    """A server on a unix socket, and as much of a client as is needed here."""

    def __init__(self, where):
        self.path = os.path.join(where, "redis.sock")
        self.process = subprocess.Popen(
            ["redis-server", "--port", "0", "--unixsocket", self.path, "--dir", where,
             "--unixsocketperm", "777", "--save", "", "--appendonly", "no"],
            stdout=subprocess.DEVNULL)
        until(self.is_there, 10)

    def is_there(self):
        try:
            return self.ask("PING") == "PONG"
        except (OSError, EOFError):
            return False

    def ask(self, *words):
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(10)
            s.connect(self.path)
            words = [str(w).encode() for w in words]
            s.sendall(b"*%d\r\n" % len(words)
                      + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words))
            with s.makefile("rb") as f:
                return self.read(f)

    def read(self, f):
        line = f.readline()
        if not line:
            raise EOFError
        kind, rest = line[:1], line[1:].strip()
        if kind in b"+-:":
            return rest.decode()
        n = int(rest)
        if kind == b"$":
            return f.read(n + 2)[:n].decode() if n >= 0 else None
        return [self.read(f) for _ in range(n)]

    def entries(self, keys="sg:plant:live"):
        """Each entry of the stream, in its order: (alert id, update, event)."""
        found = []
        for _, fields in self.ask("XRANGE", keys + ":alerts", "-", "+"):
            named = dict(zip(fields[::2], fields[1::2]))
            if "alert_id" in named:
                found.append((named["alert_id"], int(named["update"]),
                              json.loads(named["event"])))
        return found

    def kill(self):
        self.process.kill()
        self.process.wait()


class Stage:
    """Namespaces, wires and a directory; ports are the sensor's: span0, and more."""

    def __init__(self, plant=True):
        self.redis = self.plc = None
        self.sensors = []
        self.namespaces = []
        self.user = unprivileged()
        self.dir = tempfile.mkdtemp(prefix="sightglass-live-")
        os.chmod(self.dir, 0o755)  # the sensor's user may not enter the source tree
        shutil.copytree(os.path.join(TOP, "rules", "shipped"), self.path("shipped"))
        atexit.register(self.close)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda *_: sys.exit(99))
        self.sensing = self.namespace("s")
        if plant:
            self.lay_wires()
            self.start_server()

    def close(self):
        for sensor in self.sensors:
            sensor.kill()
        for process in (self.plc, self.redis and self.redis.process):
            if process:
                process.kill()
                process.wait()
        for name in self.namespaces:
            run("ip", "netns", "del", name, check=False)
        shutil.rmtree(self.dir, ignore_errors=True)

    # ---- wires --------------------------------------------------------------------

    def namespace(self, letter):
        name = f"sg{os.getpid()}{letter}"
        run("ip", "netns", "add", name)
        self.namespaces.append(name)
        for what in ("all", "default"):
            run("ip", "netns", "exec", name, "sysctl", "-q",
                f"net.ipv6.conf.{what}.disable_ipv6=1", check=False)
        return name

    def inside(self, name, *words, **more):
        return run("ip", "netns", "exec", name, *words, **more)

    def pair(self, ns_a, a, ns_b, b):
        """A wire between two namespaces, both ends up and without offloads."""
        run("ip", "link", "add", a, "netns", ns_a, "type", "veth", "peer", "name", b,
            "netns", ns_b)
        for ns, end in ((ns_a, a), (ns_b, b)):
            self.inside(ns, "ethtool", "-K", end, "tx", "off", "rx", "off", "tso", "off",
                        "gso", "off", "gro", "off", check=False)
            run("ip", "-n", ns, "link", "set", end, "up")

    def port(self, name, ns, peer):
        """A silent port of the sensor, and the end that is written to."""
        run("ip", "link", "add", name, "netns", self.sensing, "type", "veth", "peer",
            "name", peer, "netns", ns)
        for where, end in ((self.sensing, name), (ns, peer)):
            run("ip", "-n", where, "link", "set", end, "arp", "off", "up")

    def lay_wires(self):
        self.wire, self.near, self.far = map(self.namespace, "wcp")
        run("ip", "-n", self.wire, "link", "add", "br0", "type", "bridge")
        run("ip", "-n", self.wire, "link", "set", "br0", "up")
        self.port("span0", self.wire, "m0")
        for ns, access, address in ((self.near, "a0", CLIENT), (self.far, "b0", SERVER)):
            self.pair(self.wire, access, ns, "eth0")
            run("ip", "-n", self.wire, "link", "set", access, "master", "br0")
            run("ip", "-n", ns, "addr", "add", address + "/24", "dev", "eth0")
            self.inside(self.wire, "tc", "qdisc", "add", "dev", access, "clsact")
            self.mirror(access, "m0")

    def mirror(self, access, *to):
        """What comes in at an access port goes to these as well."""
        self.inside(self.wire, "tc", "filter", "del", "dev", access, "ingress", "pref", "1",
                    check=False)
        actions = [word for port in to
                   for word in ("action", "mirred", "egress", "mirror", "dev", port)]
        self.inside(self.wire, "tc", "filter", "add", "dev", access, "ingress", "protocol",
                    "all", "pref", "1", "u32", "match", "u32", "0", "0", *actions)

    def counter(self, name, port="span0"):
        return int(self.inside(self.sensing, "cat",
                               f"/sys/class/net/{port}/statistics/{name}").stdout)

    # ---- the plant ----------------------------------------------------------------

    def start_server(self):
        self.plc = subprocess.Popen(
            ["ip", "netns", "exec", self.far, sys.executable,
             os.path.join(TOP, "pcaps", "scripts", "plc.py"), SERVER],
            stderr=subprocess.DEVNULL)

    def connect(self):
        """A client's connection to the server, from its namespace."""
        libc = ctypes.CDLL(None, use_errno=True)
        with open("/proc/self/ns/net") as here, open(f"/run/netns/{self.near}") as there:
            libc.setns(there.fileno(), CLONE_NEWNET)
            try:
                return until(self.try_connect, 10, 0.1)
            finally:
                libc.setns(here.fileno(), CLONE_NEWNET)

    @staticmethod
    def try_connect():
        try:
            return Link(SERVER)
        except OSError:
            return None

    def start_redis(self):
        self.redis = Redis(self.dir)
        return self.redis

    def metrics(self):
        """What a collector is answered."""
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(5)
            s.connect(self.path("run", "metrics.sock"))
            s.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
            with s.makefile("rb") as f:
                return f.read()

    # ---- the sensor ---------------------------------------------------------------

    def path(self, *parts):
        return os.path.join(self.dir, *parts)

    def write(self, name, text):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "w") as f:
            f.write(text)
        return self.path(name)

    def configure(self, interfaces=("span0",), capture="", more="", name="sightglass.yaml"):
        ports = "".join(f"\n    - {p if '{' in p else '{name: %s}' % p}" for p in interfaces)
        redis = ""
        if self.redis:
            redis = (f"\n  - {{name: soc, type: redis, servers: ['unix:{self.redis.path}'],"
                     " what: [alerts, updates, health]}")
        os.makedirs(self.path("rules.d"), exist_ok=True)
        return self.write(name, f"""\
version: 1
sensor: {{name: live, site: plant}}
capture:
  user: {self.user.pw_name}
  {capture}
  interfaces: {ports}
rules: {{shipped: {self.path('shipped')}, site: [{self.path('rules.d')}]}}
evidence: {{directory: {self.path('evidence')}}}
state:
  directory: {self.path('state')}
  control: {self.path('run', 'control.sock')}
outputs: {redis}
  - {{name: log, type: file, path: {self.path('log', 'eve.json')},
     what: [alerts, updates, health]}}
health: {{metrics: 'unix:{self.path('run', 'metrics.sock')}', heartbeat: 2s}}
{more}""")

    def sensor(self, config, *options, ready=True):
        s = Sensor(self, config, options)
        self.sensors.append(s)
        if ready and not s.wait_ready() or s.process.poll() is not None:
            raise RuntimeError("the sensor does not start: " + s.said())
        return s

    def lines(self):
        """Every event of the file."""
        try:
            with open(self.path("log", "eve.json")) as f:
                return [json.loads(line) for line in f if line.endswith("\n")]
        except OSError:
            return []


class Sensor:
    """One service: the supervisor and its child."""

    def __init__(self, stage, config, options):
        self.stage, self.config = stage, config
        self.log = stage.path(f"sensor{len(stage.sensors)}.log")
        self.begun = time.monotonic()
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(
                ["ip", "netns", "exec", stage.sensing, SIGHTGLASS, "run", "-c", config,
                 *options], stderr=log, stdout=log)

    @property
    def pid(self):
        return self.process.pid

    def child(self):
        """Its process id; None while there is none."""
        with open(f"/proc/{self.pid}/task/{self.pid}/children") as f:
            found = f.read().split()
        return int(found[0]) if found else None

    def said(self):
        with open(self.log) as f:
            return f.read()

    def wait_ready(self, times=1, seconds=15):
        return until(lambda: self.process.poll() is not None
                     or self.said().count("capturing on") >= times, seconds, 0.01)

    def ask(self, *words, seconds=20):
        return run(SIGHTGLASS, *words, "--socket", self.stage.path("run", "control.sock"),
                   check=False, timeout=seconds)

    def status(self):
        """As an object; {} when it does not answer."""
        try:
            return json.loads(self.ask("status", "--format", "json").stdout)
        except ValueError:
            return {}

    def settled(self, received, seconds=5):
        """A status that has received so many packets on its first port, and done them."""
        last = [{}]

        def holds():
            last[0] = s = self.status()
            return s and s["interfaces"][0]["received"] >= received and (
                s["analysis"]["packets"] >= received)

        until(holds, seconds, 0.1)
        return last[0]

    def stop(self, seconds=20):
        """SIGTERM; its exit status."""
        self.process.terminate()
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def kill(self):
        if self.process.poll() is None:
            child = self.child()
            self.process.kill()
            self.process.wait()
            if child:
                try:
                    os.kill(child, signal.SIGKILL)
                except OSError:
                    pass


def poll(link, rounds=1, nap=0.0):
    for _ in range(rounds):
        link.ask(1, read_pdu(3, 0, 10))
        time.sleep(nap)
