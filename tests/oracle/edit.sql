CREATE BRANCH fix;
USE BRANCH fix;
UPDATE flights SET dep_delay = dep_delay + 10 WHERE carrier = 'UA' AND dep_delay IS NOT NULL;
DELETE FROM flights WHERE origin = 'LGA' AND year = 2013 AND month = 1 AND day = 1;
INSERT INTO flights (year, month, day, dep_time, sched_dep_time, dep_delay, arr_time, sched_arr_time, arr_delay,
                     carrier, flight, tailnum, origin, dest, air_time, distance, hour, minute, time_hour)
VALUES (2013, 1, 1, 1015, 1000, 15, 1330, 1320, 10,
        'UA', 9001, 'N14228', 'JFK', 'SFO', NULL, 2586, 10, 0, '2013-01-01T15:00:00Z');
COMMIT MESSAGE 'United left ten minutes later, La Guardia was closed on New Year''s Day';
