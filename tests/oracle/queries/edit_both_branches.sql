SELECT COALESCE(m.carrier, f.carrier) AS carrier,
       COUNT(m.carrier) AS main_flights,
       COUNT(f.carrier) AS fix_flights,
       SUM(f.dep_delay - m.dep_delay) AS minutes_added,
       AVG(f.dep_delay) - AVG(m.dep_delay) AS mean_difference
FROM flights m
FULL JOIN flights ON BRANCH 'fix' f
    ON m.year = f.year AND m.month = f.month AND m.day = f.day AND m.carrier = f.carrier
    AND m.flight = f.flight AND m.origin = f.origin AND m.sched_dep_time = f.sched_dep_time
GROUP BY COALESCE(m.carrier, f.carrier)
HAVING AVG(f.dep_delay) <> AVG(m.dep_delay)
ORDER BY carrier;
