#!/bin/sh
# peers.sh: mxsweep beside the other scanners on the PATH, against the same farm. Options: peers.sh --help. See README.md.
exec python3 -B "$(dirname "$0")/peers.py" "$@"
