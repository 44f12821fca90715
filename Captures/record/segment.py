"""A TCP segment in an Ethernet frame: read, changed, written again with right checksums."""

import ipaddress
import struct

FIN, SYN, RST, PSH, ACK, URG, ECE, CWR = (1 << bit for bit in range(8))
MODULUS = 1 << 32
TIMESTAMPS = 8
LETTERS = (("SYN", SYN), ("FIN", FIN), ("RST", RST), ("PSH", PSH), ("URG", URG), ("ECE", ECE),
           ("CWR", CWR), ("ACK", ACK))


class Segment:
    """The fields of one segment. Addresses are text, `options` a list of (kind, body)."""

    def __init__(self, source, source_port, destination, destination_port, flags, seq=0, ack=0,
                 window=64240, options=(), payload=b"", ttl=64, ip_id=0,
                 ethernet=bytes.fromhex("020000000009020000000005")):
        self.source, self.source_port = source, source_port
        self.destination, self.destination_port = destination, destination_port
        self.flags, self.seq, self.ack, self.window = flags, seq, ack, window
        self.options, self.payload = list(options), payload
        self.ttl, self.ip_id, self.ethernet = ttl, ip_id, ethernet

    @classmethod
    def parse(cls, frame):
        """The segment of an Ethernet frame, or None when it holds no whole TCP header."""
        try:
            kind = struct.unpack_from("!H", frame, 12)[0]
            if kind == 0x0800 and frame[23] == 6:
                total, ip_id = struct.unpack_from("!HH", frame, 16)
                ttl, start = frame[22], 14 + (frame[14] & 15) * 4
                source, destination = frame[26:30], frame[30:34]
                end = 14 + total
            elif kind == 0x86DD and frame[20] == 6:
                ip_id, ttl, start = 0, frame[21], 54
                source, destination = frame[22:38], frame[38:54]
                end = 54 + struct.unpack_from("!H", frame, 18)[0]
            else:
                return None
            ports = struct.unpack_from("!HHIIBBH", frame, start)
            body = start + (ports[4] >> 4) * 4
            if body > len(frame) or body < start + 20:
                return None
            segment = cls(str(ipaddress.ip_address(bytes(source))), ports[0],
                          str(ipaddress.ip_address(bytes(destination))), ports[1], ports[5],
                          ports[2], ports[3], ports[6], _options(frame[start + 20:body]),
                          bytes(frame[body:end]), ttl, ip_id, bytes(frame[:12]))
            segment.length = max(0, end - body)
            return segment
        except (struct.error, IndexError):
            return None

    length = None

    def __getattr__(self, name):
        flag = {"syn": SYN, "fin": FIN, "rst": RST, "has_ack": ACK}.get(name)
        if flag is None:
            raise AttributeError(name)
        return bool(self.flags & flag)

    @property
    def payload_length(self):
        """The payload's length on the wire, also when the capture cut it."""
        return len(self.payload) if self.length is None else self.length

    @property
    def end(self):
        """The sequence number after this segment."""
        return (self.seq + self.payload_length + self.syn + self.fin) % MODULUS

    @property
    def timestamps(self):
        """(TSval, TSecr), or None without the option."""
        for kind, body in self.options:
            if kind == TIMESTAMPS and len(body) == 8:
                return struct.unpack("!II", body)
        return None

    @timestamps.setter
    def timestamps(self, pair):
        body = struct.pack("!II", *(value % MODULUS for value in pair))
        self.options = [(kind, body if kind == TIMESTAMPS else old) for kind, old in self.options]

    @property
    def names(self):
        return ",".join(name for name, flag in LETTERS if self.flags & flag) or "-"

    def answer(self, flags, seq, ack=0, **fields):
        """A segment the other way on the same 4-tuple."""
        return Segment(self.destination, self.destination_port, self.source, self.source_port,
                       flags, seq % MODULUS, ack % MODULUS,
                       ethernet=self.ethernet[6:12] + self.ethernet[:6], **fields)

    def copy(self, **fields):
        twin = Segment.parse(self.frame())
        for name, value in fields.items():
            setattr(twin, name, value)
        return twin

    def frame(self):
        """The whole Ethernet frame, lengths and checksums computed."""
        options = b""
        for kind, body in self.options:
            options += bytes([kind]) if kind < 2 else bytes([kind, len(body) + 2]) + body
        options += b"\x01" * (-len(options) % 4)
        source = ipaddress.ip_address(self.source).packed
        destination = ipaddress.ip_address(self.destination).packed
        tcp = struct.pack("!HHIIBBHHH", self.source_port, self.destination_port,
                          self.seq % MODULUS, self.ack % MODULUS, (5 + len(options) // 4) << 4,
                          self.flags, self.window, 0, 0) + options + self.payload
        pseudo = source + destination + struct.pack("!IHBB", len(tcp), 0, 0, 6)
        tcp = tcp[:16] + struct.pack("!H", checksum(pseudo + tcp)) + tcp[18:]
        if len(source) == 4:
            ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp), self.ip_id, 0x4000,
                             self.ttl, 6, 0) + source + destination
            ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
            return self.ethernet + b"\x08\x00" + ip + tcp
        ip = struct.pack("!IHBB", 6 << 28, len(tcp), 6, self.ttl) + source + destination
        return self.ethernet + b"\x86\xdd" + ip + tcp


def _options(data):
    found, at = [], 0
    while at < len(data) and data[at] != 0:
        if data[at] == 1:
            found.append((1, b""))
            at += 1
            continue
        if at + 1 >= len(data) or data[at + 1] < 2:
            break
        found.append((data[at], bytes(data[at + 2:at + data[at + 1]])))
        at += data[at + 1]
    return found


def checksum(data):
    """The Internet checksum (RFC 1071)."""
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
