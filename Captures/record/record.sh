#!/bin/sh
# Records the captures; see record.py --help.
exec python3 "$(dirname "$0")/record.py" "$@"
