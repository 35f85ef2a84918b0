CREATE TABLE flights (
    year BIGINT,
    month BIGINT,
    day BIGINT,
    dep_time BIGINT,
    sched_dep_time BIGINT,
    dep_delay BIGINT,
    arr_time BIGINT,
    sched_arr_time BIGINT,
    arr_delay BIGINT,
    carrier TEXT,
    flight BIGINT,
    tailnum TEXT,
    origin TEXT,
    dest TEXT,
    air_time BIGINT,
    distance BIGINT,
    hour BIGINT,
    minute BIGINT,
    time_hour TIMESTAMPTZ,
    PRIMARY KEY (year, month, day, carrier, flight, origin, sched_dep_time)
);
CREATE TABLE airlines (
    carrier TEXT PRIMARY KEY,
    name TEXT
);
CREATE TABLE airports (
    faa TEXT PRIMARY KEY,
    name TEXT,
    lat DOUBLE PRECISION,
    lon DOUBLE PRECISION,
    alt BIGINT,
    tz BIGINT,
    dst TEXT,
    tzone TEXT
);
CREATE TABLE planes (
    tailnum TEXT PRIMARY KEY,
    year BIGINT,
    type TEXT,
    manufacturer TEXT,
    model TEXT,
    engines BIGINT,
    seats BIGINT,
    speed BIGINT,
    engine TEXT
);
