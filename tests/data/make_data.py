#!/usr/bin/env python3
"""Cuts this folder's files from a directory that holds the whole of nycflights13.

    python3 tests/data/make_data.py DIRECTORY

DIRECTORY holds flights.csv.gz (or flights.csv), airlines.csv, airports.csv and planes.csv. Lines are copied byte
for byte and in order; only flights of January are kept. `gzip -n` leaves out name and time, so that the same input
always gives the same bytes.
"""

import gzip
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
WHOLE = ["airlines.csv", "airports.csv", "planes.csv"]
FLIGHTS = "flights-2013-01.csv.gz"
JANUARY = b"1"


def flight_lines(source):
    """The lines of all flights, header first, each with its line end."""
    packed = source / "flights.csv.gz"
    opened = gzip.open(packed, "rb") if packed.exists() else open(source / "flights.csv", "rb")
    with opened as lines:
        yield from lines


def january(lines):
    """The header and the lines of January. No field of this file is quoted, so commas separate fields."""
    header = next(lines)
    names = header.rstrip(b"\r\n").split(b",")
    month = names.index(b"month")
    yield header
    for line in lines:
        fields = line.rstrip(b"\r\n").split(b",")
        if len(fields) != len(names):
            sys.exit(f"a line of flights has {len(fields)} fields, not {len(names)}: {line!r}")
        if fields[month] == JANUARY:
            yield line


def main(arguments):
    if len(arguments) != 1:
        sys.exit(__doc__)
    source = pathlib.Path(arguments[0])
    for name in WHOLE:
        shutil.copyfile(source / name, HERE / name)
    with open(HERE / FLIGHTS, "wb") as target:
        subprocess.run(["gzip", "-9nc"], input=b"".join(january(flight_lines(source))), stdout=target, check=True)


if __name__ == "__main__":
    main(sys.argv[1:])
