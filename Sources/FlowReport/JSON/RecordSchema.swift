/// The description of the records, as JSON Schema (draft 2020-12).
public enum RecordSchema {
  /// The whole document, with a line break at its end.
  public static let text = """
    {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "title": "Records of tcpwhy analyze --json and tcpwhy sniff --json, one per line",
      "oneOf": [
        { "$ref": "#/$defs/connection" },
        { "$ref": "#/$defs/transition" },
        { "$ref": "#/$defs/finding" },
        { "$ref": "#/$defs/summary" },
        { "$ref": "#/$defs/interval" },
        { "$ref": "#/$defs/withdrawn" }
      ],
      "$defs": {
        "count": { "type": "integer", "minimum": 0 },
        "frame": { "type": "integer", "minimum": 1 },
        "frameOrNull": { "type": ["integer", "null"], "minimum": 1 },
        "port": { "type": "integer", "minimum": 0, "maximum": 65535 },
        "time": { "type": "string", "description": "RFC 3339, UTC, with all digits of the capture" },
        "nanoseconds": { "type": "integer", "description": "since 1970-01-01 00:00:00 UTC" },
        "state": {
          "enum": [
            "CLOSED", "LISTEN", "SYN-SENT", "SYN-RECEIVED", "ESTABLISHED", "FIN-WAIT-1",
            "FIN-WAIT-2", "CLOSE-WAIT", "CLOSING", "LAST-ACK", "TIME-WAIT"
          ]
        },
        "endpoint": {
          "type": "object",
          "required": [
            "address", "port", "state", "packets", "bytes", "payload_bytes", "syn", "fin", "rst",
            "retransmissions", "spurious_retransmissions", "out_of_order", "duplicate_acks",
            "zero_windows", "keepalives", "bad_checksums", "capture_duplicates"
          ],
          "properties": {
            "address": { "type": "string" },
            "port": { "$ref": "#/$defs/port" },
            "state": { "$ref": "#/$defs/state" },
            "packets": { "$ref": "#/$defs/count" },
            "bytes": { "$ref": "#/$defs/count" },
            "payload_bytes": { "$ref": "#/$defs/count" },
            "syn": { "$ref": "#/$defs/count" },
            "fin": { "$ref": "#/$defs/count" },
            "rst": { "$ref": "#/$defs/count" },
            "retransmissions": { "$ref": "#/$defs/count" },
            "spurious_retransmissions": { "$ref": "#/$defs/count" },
            "out_of_order": { "$ref": "#/$defs/count" },
            "duplicate_acks": { "$ref": "#/$defs/count" },
            "zero_windows": { "$ref": "#/$defs/count" },
            "keepalives": { "$ref": "#/$defs/count" },
            "bad_checksums": { "$ref": "#/$defs/count" },
            "capture_duplicates": { "$ref": "#/$defs/count" }
          }
        },
        "connection": {
          "type": "object",
          "required": [
            "type", "schema", "id", "incarnation", "previous", "community_id", "client", "server",
            "client_known", "vantage", "first_frame", "last_frame", "first_time", "first_time_ns",
            "last_time", "last_time_ns", "opened", "handshake_seconds", "active_closer", "end"
          ],
          "properties": {
            "type": { "const": "connection" },
            "schema": { "const": 1 },
            "file": { "type": "string" },
            "id": { "type": "integer", "minimum": 1 },
            "incarnation": { "type": "integer", "minimum": 1 },
            "previous": { "type": ["integer", "null"], "minimum": 1 },
            "community_id": { "type": "string" },
            "client": { "$ref": "#/$defs/endpoint" },
            "server": { "$ref": "#/$defs/endpoint" },
            "client_known": { "type": "boolean" },
            "vantage": { "enum": ["client", "server", "between", "loopback", "unknown"] },
            "translation_of": {
              "type": "integer", "minimum": 1,
              "description": "the id of an earlier record: the same segments, seen on the other side of a NAT"
            },
            "first_frame": { "$ref": "#/$defs/frame" },
            "last_frame": { "$ref": "#/$defs/frame" },
            "first_time": { "$ref": "#/$defs/time" },
            "first_time_ns": { "$ref": "#/$defs/nanoseconds" },
            "last_time": { "$ref": "#/$defs/time" },
            "last_time_ns": { "$ref": "#/$defs/nanoseconds" },
            "opened": { "enum": ["handshake", "simultaneous", "self", "midstream", "none"] },
            "handshake_seconds": { "type": ["number", "null"] },
            "active_closer": { "enum": ["client", "server", "both", null] },
            "end": {
              "enum": ["fin", "rst", "timeout", "refused", "unanswered", "open", "reused"]
            }
          }
        },
        "transition": {
          "type": "object",
          "required": [
            "type", "schema", "connection", "endpoint", "address", "port", "from", "to", "time",
            "time_ns", "frame", "evidence", "confirmed_by", "revoked_by"
          ],
          "properties": {
            "type": { "const": "transition" },
            "schema": { "const": 1 },
            "file": { "type": "string" },
            "connection": { "type": "integer", "minimum": 1 },
            "endpoint": { "enum": ["client", "server"] },
            "address": { "type": "string" },
            "port": { "$ref": "#/$defs/port" },
            "from": { "$ref": "#/$defs/state" },
            "to": { "$ref": "#/$defs/state" },
            "time": { "$ref": "#/$defs/time" },
            "time_ns": { "$ref": "#/$defs/nanoseconds" },
            "frame": { "$ref": "#/$defs/frameOrNull" },
            "evidence": { "enum": ["sent", "received", "timer", "assumed"] },
            "confirmed_by": { "$ref": "#/$defs/frameOrNull" },
            "revoked_by": { "$ref": "#/$defs/frameOrNull" }
          }
        },
        "finding": {
          "type": "object",
          "required": [
            "type", "schema", "id", "severity", "confidence", "connections", "connection_count",
            "frames", "time", "time_ns", "summary", "advice", "values", "cost_seconds", "cause"
          ],
          "properties": {
            "type": { "const": "finding" },
            "schema": { "const": 1 },
            "file": { "type": "string" },
            "id": { "type": "string" },
            "severity": { "enum": ["note", "warning", "error"] },
            "confidence": { "enum": ["possible", "likely", "certain"] },
            "connections": { "type": "array", "items": { "type": "integer", "minimum": 1 } },
            "connection_count": { "$ref": "#/$defs/count" },
            "frames": {
              "type": "array",
              "items": {
                "type": "object",
                "required": ["frame", "role"],
                "properties": {
                  "frame": { "$ref": "#/$defs/frame" },
                  "role": { "type": "string" }
                }
              }
            },
            "time": { "$ref": "#/$defs/time" },
            "time_ns": { "$ref": "#/$defs/nanoseconds" },
            "summary": { "type": "string" },
            "advice": { "type": "string" },
            "values": {
              "type": "object",
              "additionalProperties": { "type": ["string", "number", "null"] }
            },
            "cost_seconds": { "type": ["number", "null"] },
            "cause": { "type": "string" }
          }
        },
        "summary": {
          "type": "object",
          "required": [
            "type", "schema", "files", "packets", "tcp_segments", "connections", "findings",
            "states", "skipped", "dropped_by_kernel"
          ],
          "properties": {
            "type": { "const": "summary" },
            "schema": { "const": 1 },
            "file": { "type": "string" },
            "files": { "$ref": "#/$defs/count" },
            "packets": { "$ref": "#/$defs/count" },
            "tcp_segments": { "$ref": "#/$defs/count" },
            "connections": { "$ref": "#/$defs/count" },
            "findings": { "type": "object", "additionalProperties": { "$ref": "#/$defs/count" } },
            "states": { "type": "object", "additionalProperties": { "$ref": "#/$defs/count" } },
            "skipped": { "type": "object", "additionalProperties": { "$ref": "#/$defs/count" } },
            "dropped_by_kernel": { "type": ["integer", "null"], "minimum": 0 }
          }
        },
        "interval": {
          "description": "how things stand, from sniff --summary",
          "type": "object",
          "required": [
            "type", "schema", "time", "time_ns", "seconds", "packets", "opened", "closed", "held",
            "states", "handshakes", "closed_first", "dropped_by_kernel",
            "dropped_by_kernel_total", "dropped_by_interface_total", "let_go_early_total"
          ],
          "properties": {
            "type": { "const": "interval" },
            "schema": { "const": 1 },
            "time": { "$ref": "#/$defs/time" },
            "time_ns": { "$ref": "#/$defs/nanoseconds" },
            "seconds": { "type": "number" },
            "packets": { "$ref": "#/$defs/count" },
            "opened": { "$ref": "#/$defs/count" },
            "closed": { "$ref": "#/$defs/count" },
            "held": { "$ref": "#/$defs/count" },
            "states": { "type": "object", "additionalProperties": { "$ref": "#/$defs/count" } },
            "handshakes": {
              "type": "object",
              "properties": { "count": { "$ref": "#/$defs/count" } },
              "additionalProperties": { "type": "number" }
            },
            "closed_first": {
              "type": "object", "additionalProperties": { "$ref": "#/$defs/count" }
            },
            "dropped_by_kernel": { "$ref": "#/$defs/count" },
            "dropped_by_kernel_total": { "$ref": "#/$defs/count" },
            "dropped_by_interface_total": { "$ref": "#/$defs/count" },
            "let_go_early_total": { "$ref": "#/$defs/count" }
          }
        },
        "withdrawn": {
          "description": "a finding that sniff told does not stand any more: of one connection, or of a cause that many showed",
          "type": "object",
          "required": [
            "type", "schema", "id", "connection", "cause", "replaced_by", "time", "time_ns"
          ],
          "properties": {
            "type": { "const": "withdrawn" },
            "schema": { "const": 1 },
            "id": { "type": "string" },
            "connection": { "type": ["integer", "null"], "minimum": 1 },
            "cause": { "type": ["string", "null"] },
            "replaced_by": {
              "type": ["string", "null"],
              "description": "the same id where the finding is told anew and says more"
            },
            "time": { "$ref": "#/$defs/time" },
            "time_ns": { "$ref": "#/$defs/nanoseconds" }
          }
        }
      }
    }

    """
}
