SELECT diff_type, flight, origin, sched_dep_time, from_dep_delay, to_dep_delay
FROM diff('main', 'fix', 'flights')
WHERE carrier = 'UA' AND day = 1
ORDER BY flight, origin, sched_dep_time;
