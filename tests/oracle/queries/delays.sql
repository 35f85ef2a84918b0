SELECT origin, COUNT(*) AS flights, AVG(dep_delay) AS mean_dep_delay, AVG(arr_delay) AS mean_arr_delay
FROM flights
GROUP BY origin
ORDER BY origin;
