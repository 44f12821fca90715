"""What is written beside the captures: a README for each folder, the table, index.json."""

import json
import os

import pcapfile

LISTED = 60
KINDS = {
    "recorded": "recorded: real Linux kernels, every segment theirs",
    "rewritten": "recorded with a changed path: real kernels, some segments altered or forged on the way",
    "derived": "derived: another recording of ours with frames taken away or moved",
}


def listing(path):
    """The frames of a capture, one line each, sequence numbers relative per sender and 4-tuple."""
    link, records = pcapfile.read(path)
    if link == 276:
        records = [pcapfile.Record(r.time, r.data[:0].ljust(12, b"\0") + r.data[0:2] + r.data[20:],
                                   r.wire_length) for r in records]
    bases, lines = {}, []
    for number, record in enumerate(records[:LISTED], 1):
        at = (record.time - records[0].time) / 1e9
        segment = record.segment
        if segment is None:
            lines.append(f"{number:4} {at:11.6f}  (not TCP, {record.wire_length} bytes)")
            continue
        here = (segment.source, segment.source_port, segment.destination, segment.destination_port)
        there = here[2:] + here[:2]
        if segment.syn:
            known(bases, here, segment.seq)
        else:
            bases.setdefault(here, [segment.seq])
        text = (f"{show(here[:2])} > {show(there[:2])}  {segment.names} "
                f"seq {relative(bases[here], segment.seq)}")
        if segment.has_ack:
            bases.setdefault(there, [(segment.ack - segment.syn) % 2**32])
            text += f" ack {relative(bases[there], segment.ack)}"
        if segment.payload_length:
            text += f" len {segment.payload_length}"
        if segment.timestamps:
            text += " TSval {} TSecr {}".format(*segment.timestamps)
        lines.append(f"{number:4} {at:11.6f}  {text}")
    if len(records) > LISTED:
        lines.append(f"     … {len(records) - LISTED} more frames")
    return "\n".join(lines)


def known(bases, direction, number):
    """Remembers an initial sequence number; a new one begins another incarnation."""
    if number not in bases.setdefault(direction, []):
        bases[direction].append(number)


def relative(bases, number):
    """The number counted from the initial one it belongs to; `old:` if that is not the newest."""
    distances = [(number - base + 2**31) % 2**32 - 2**31 for base in bases]
    nearest = min(range(len(bases)), key=lambda i: (abs(distances[i]), -i))
    return ("" if nearest == len(bases) - 1 else "old:") + str(distances[nearest])


def show(end):
    address, port = end
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def claim(one, between="; "):
    if one.healthy:
        return "no warning and no error"
    parts = []
    if one.shows:
        parts.append("must be reported: " + ", ".join(f"`{identifier}`" for identifier in one.shows))
    if one.silent:
        parts.append("must not be reported: " + ", ".join(f"`{identifier}`" for identifier in one.silent))
    if one.options:
        parts.append("run with `" + " ".join(one.options) + "`")
    return between.join(parts)


def folder_readme(root, folder, members):
    """Describes all captures of one folder that exist."""
    text = [f"# {folder}", "",
            "Written by `record/record.py`; recording again gives other times and sequence numbers.", ""]
    for one in members:
        path = f"{root}/{one.name}.pcap"
        if not os.path.exists(path):
            continue
        text += [f"## {one.file}.pcap", "", one.text, "", f"- {KINDS[one.kind]}",
                 f"- taken {place(one)}", "- " + claim(one, "\n- ")]
        if os.path.exists(f"{root}/{one.name}.states.json"):
            text.append(f"- the kernels' own state changes: `{one.file}.states.json`")
        text += ["", "```", listing(path), "```", ""]
    with open(f"{root}/{folder}/README.md", "w") as file:
        file.write("\n".join(text))


def place(one):
    if not one.needs_lab:
        return "by a program from that file"
    return {"client": "on the client's interface", "server": "on the server's interface",
            "lo": "on the loopback interface", "router": "on all interfaces of the router"}[
                one.lab.get("at", "client")]


def index(root, scenarios):
    rows = []
    for one in scenarios:
        if os.path.exists(f"{root}/{one.name}.pcap"):
            row = {"capture": f"{one.name}.pcap", "shows": one.shows, "silent": one.silent,
                   "kind": one.kind}
            if one.healthy:
                row["healthy"] = True
            if one.options:
                row["options"] = one.options
            if os.path.exists(f"{root}/{one.name}.states.json"):
                row["states"] = f"{one.name}.states.json"
            rows.append(row)
    with open(f"{root}/index.json", "w") as file:
        file.write("[\n" + ",\n".join(" " + json.dumps(row) for row in rows) + "\n]\n")
    return rows


def table(root, rows):
    """Replaces the table in README.md, between its two marks."""
    path = f"{root}/README.md"
    with open(path) as file:
        text = file.read()
    begin, end = "<!-- table -->\n", "<!-- end of table -->"
    head, rest = text.split(begin)
    lines = ["| capture | kind | must appear | must stay silent |", "|---|---|---|---|"]
    for row in rows:
        shows = ", ".join(f"`{identifier}`" for identifier in row["shows"])
        silent = ", ".join(f"`{identifier}`" for identifier in row["silent"])
        if row.get("healthy"):
            silent = "every warning and error"
        lines.append(f"| `{row['capture']}` | {row['kind']} | {shows} | {silent} |")
    with open(path, "w") as file:
        file.write(head + begin + "\n".join(lines) + "\n" + end + rest.split(end)[1])
