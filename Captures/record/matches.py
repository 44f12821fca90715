"""Which segment a rule of the path is about."""


def is_syn(segment):
    return segment.syn and not segment.has_ack


def is_syn_ack(segment):
    return segment.syn and segment.has_ack


def is_bare_ack(segment):
    """An ACK and nothing else; from the active closer, late in a connection, the final one."""
    return segment.has_ack and not (segment.payload or segment.fin or segment.syn or segment.rst)


def has_data(segment):
    return bool(segment.payload)


def is_fin(segment):
    return segment.fin


def is_rst(segment):
    return segment.rst


def anything(segment):
    return True


def from_client(match):
    return lambda segment: segment.side == "client" and match(segment)


def from_server(match):
    return lambda segment: segment.side == "server" and match(segment)


def port(number, match=anything):
    """Segments from or to this port."""
    return lambda segment: number in (segment.source_port, segment.destination_port) and match(segment)
