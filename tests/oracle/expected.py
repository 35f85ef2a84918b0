#!/usr/bin/env python3
"""Works out the right answers for the flights of January, with nothing but Python's csv and sqlite3.

    python3 tests/oracle/expected.py            writes tests/oracle/expected/*.csv
    python3 tests/oracle/expected.py --check    fails if a file there differs from what would be written

`tests/oracle/README.md` says what each file is, and which MicroProlly statement must give the same rows.
"""

import csv
import gzip
import io
import pathlib
import sqlite3
import sys

HERE = pathlib.Path(__file__).resolve().parent
DATA = HERE.parent / "data"
EXPECTED = HERE / "expected"
NULL = "NA"

KEY = ["year", "month", "day", "carrier", "flight", "origin", "sched_dep_time"]
FLIGHT_TYPES = {
    "year": "INTEGER", "month": "INTEGER", "day": "INTEGER", "dep_time": "INTEGER", "sched_dep_time": "INTEGER",
    "dep_delay": "INTEGER", "arr_time": "INTEGER", "sched_arr_time": "INTEGER", "arr_delay": "INTEGER",
    "carrier": "TEXT", "flight": "INTEGER", "tailnum": "TEXT", "origin": "TEXT", "dest": "TEXT",
    "air_time": "INTEGER", "distance": "INTEGER", "hour": "INTEGER", "minute": "INTEGER", "time_hour": "TEXT",
}
PLANE_TYPES = {
    "tailnum": "TEXT", "year": "INTEGER", "type": "TEXT", "manufacturer": "TEXT", "model": "TEXT",
    "engines": "INTEGER", "seats": "INTEGER", "speed": "INTEGER", "engine": "TEXT",
}
AIRLINE_TYPES = {"carrier": "TEXT", "name": "TEXT"}

# The flight that edit.sql inserts on the branch: it flies under a number that no flight of January has.
INSERTED = {
    "year": 2013, "month": 1, "day": 1, "dep_time": 1015, "sched_dep_time": 1000, "dep_delay": 15, "arr_time": 1330,
    "sched_arr_time": 1320, "arr_delay": 10, "carrier": "UA", "flight": 9001, "tailnum": "N14228", "origin": "JFK",
    "dest": "SFO", "air_time": None, "distance": 2586, "hour": 10, "minute": 0, "time_hour": "2013-01-01T15:00:00Z",
}

PER_CARRIER = "SELECT carrier, COUNT(*) AS flights FROM {table} GROUP BY carrier ORDER BY carrier"

DELAYS_PER_ORIGIN = """
SELECT origin, COUNT(*) AS flights, AVG(dep_delay) AS mean_dep_delay, AVG(arr_delay) AS mean_arr_delay
FROM {table} GROUP BY origin ORDER BY origin
"""

MANUFACTURERS_PER_AIRLINE = """
SELECT airline, manufacturer, flights FROM (
    SELECT a.name AS airline, p.manufacturer AS manufacturer, COUNT(*) AS flights,
           ROW_NUMBER() OVER (PARTITION BY a.name ORDER BY COUNT(*) DESC, p.manufacturer) AS place
    FROM main_flights f JOIN planes p ON p.tailnum = f.tailnum JOIN airlines a ON a.carrier = f.carrier
    GROUP BY a.name, p.manufacturer
) WHERE place <= 3 ORDER BY airline, place
"""

# Each side on its own, so that the answer owes nothing to the full join that MicroProlly is asked for.
BRANCHES_PER_CARRIER = """
SELECT carrier, main_flights, fix_flights, minutes_added, fix_mean - main_mean AS mean_difference
FROM (SELECT carrier, COUNT(*) AS main_flights, AVG(dep_delay) AS main_mean FROM main_flights GROUP BY carrier)
JOIN (SELECT carrier, COUNT(*) AS fix_flights, AVG(dep_delay) AS fix_mean FROM fix_flights GROUP BY carrier)
     USING (carrier)
JOIN (SELECT m.carrier AS carrier, SUM(f.dep_delay - m.dep_delay) AS minutes_added
      FROM main_flights m JOIN fix_flights f USING (year, month, day, carrier, flight, origin, sched_dep_time)
      GROUP BY m.carrier) USING (carrier)
WHERE fix_mean <> main_mean ORDER BY carrier
"""


def rows_of(path, types):
    """The rows of a CSV file as tuples in the order of `types`: `NA` as None, integers as int."""
    opened = gzip.open(path, "rt", newline="") if path.suffix == ".gz" else open(path, newline="")
    with opened as lines:
        reader = csv.DictReader(lines)
        if reader.fieldnames != list(types):
            sys.exit(f"{path} has the columns {reader.fieldnames}, expected {list(types)}")
        for row in reader:
            yield tuple(value_of(row[name], kind) for name, kind in types.items())


def value_of(text, kind):
    if text == NULL:
        return None
    return int(text) if kind == "INTEGER" else text


def load(database, table, types, rows, key):
    columns = ", ".join(f"{name} {kind}" for name, kind in types.items())
    database.execute(f"CREATE TABLE {table} ({columns}, PRIMARY KEY ({', '.join(key)})) WITHOUT ROWID")
    marks = ", ".join("?" for _ in types)
    database.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)


def edit(database):
    """What edit.sql does to the branch, statement by statement."""
    database.execute("UPDATE fix_flights SET dep_delay = dep_delay + 10 WHERE carrier = 'UA' AND dep_delay IS NOT NULL")
    database.execute("DELETE FROM fix_flights WHERE origin = 'LGA' AND year = 2013 AND month = 1 AND day = 1")
    marks = ", ".join(f":{name}" for name in FLIGHT_TYPES)
    database.execute(f"INSERT INTO fix_flights VALUES ({marks})", INSERTED)


def differences(database):
    """(diff_type, row before or None, row after or None) for every key that differs, by key."""
    def keyed(table):
        columns = list(FLIGHT_TYPES)
        return {
            tuple(row[columns.index(name)] for name in KEY): dict(zip(columns, row))
            for row in database.execute(f"SELECT {', '.join(columns)} FROM {table}")
        }

    before, after = keyed("main_flights"), keyed("fix_flights")
    for key in sorted(before.keys() | after.keys()):
        old, new = before.get(key), after.get(key)
        if old != new:
            yield "added" if old is None else "removed" if new is None else "modified", old, new


def diff_rows(found):
    """DIFF's own shape: diff_type, the key, then from_ and to_ of each other column in the table's order."""
    others = [name for name in FLIGHT_TYPES if name not in KEY]
    header = ["diff_type", *KEY, *(side + name for name in others for side in ("from_", "to_"))]
    rows = []
    for kind, old, new in found:
        known = old or new
        sides = [side[name] if side else None for name in others for side in (old, new)]
        rows.append([kind, *(known[name] for name in KEY), *sides])
    return header, rows


def united_on_the_first(change):
    known = change[1] or change[2]
    return known["carrier"] == "UA" and known["day"] == 1


def answers():
    """Name of the file → (header, rows)."""
    database = sqlite3.connect(":memory:")
    flights = list(rows_of(DATA / "flights-2013-01.csv.gz", FLIGHT_TYPES))
    load(database, "main_flights", FLIGHT_TYPES, flights, KEY)
    load(database, "fix_flights", FLIGHT_TYPES, flights, KEY)
    load(database, "planes", PLANE_TYPES, rows_of(DATA / "planes.csv", PLANE_TYPES), ["tailnum"])
    load(database, "airlines", AIRLINE_TYPES, rows_of(DATA / "airlines.csv", AIRLINE_TYPES), ["carrier"])

    def query(text):
        cursor = database.execute(text)
        return [column[0] for column in cursor.description], cursor.fetchall()

    main_carriers = query(PER_CARRIER.format(table="main_flights"))
    main_delays = query(DELAYS_PER_ORIGIN.format(table="main_flights"))
    manufacturers = query(MANUFACTURERS_PER_AIRLINE)
    edit(database)
    changes = list(differences(database))
    counts = {kind: sum(change[0] == kind for change in changes) for kind in ("added", "removed", "modified")}
    selected = ["diff_type", "flight", "origin", "sched_dep_time", "from_dep_delay", "to_dep_delay"]
    header, full = diff_rows(filter(united_on_the_first, changes))
    places = [header.index(name) for name in selected]
    short = sorted(([row[place] for place in places] for row in full), key=lambda row: row[1:4])
    return {
        "carriers": main_carriers,
        "delays": main_delays,
        "manufacturers": manufacturers,
        "edit_carriers_main": main_carriers,
        "edit_delays_main": main_delays,
        "edit_delays_as_of_parent": main_delays,
        "edit_delays_as_of_tag": main_delays,
        "edit_carriers_fix": query(PER_CARRIER.format(table="fix_flights")),
        "edit_delays_fix": query(DELAYS_PER_ORIGIN.format(table="fix_flights")),
        "edit_diff_summary": (["table_name", *counts], [["flights", *counts.values()]]),
        "edit_diff_counts": (["diff_type", "changes"], sorted(counts.items())),
        "edit_diff_rows": (header, full),
        "edit_diff_function": (selected, short),
        "edit_both_branches": query(BRANCHES_PER_CARRIER),
    }


def field(value, column):
    if value is None:
        return ""
    if isinstance(value, float):
        # 10.0 has two shortest forms, "10" and "10.0": no answer may hang on which one is written.
        if value.is_integer():
            sys.exit(f"{column} is the whole number {value!r}: choose another question")
        return repr(value)
    if column.endswith("time_hour"):
        return value.replace("T", " ").replace("Z", "+00")
    return value


def csv_text(header, rows):
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    for row in rows:
        writer.writerow([field(value, column) for column, value in zip(header, row)])
    return text.getvalue()


def main(arguments):
    if arguments not in ([], ["--check"]):
        sys.exit(__doc__)
    wanted = {EXPECTED / f"{name}.csv": csv_text(*answer) for name, answer in answers().items()}
    if arguments:
        present = {path: path.read_text() for path in EXPECTED.glob("*.csv")}
        wrong = sorted(path.name for path in wanted.keys() | present.keys() if wanted.get(path) != present.get(path))
        sys.exit(f"not what expected.py writes: {', '.join(wrong)}" if wrong else 0)
    EXPECTED.mkdir(exist_ok=True)
    for path, text in wanted.items():
        path.write_text(text)


if __name__ == "__main__":
    main(sys.argv[1:])
