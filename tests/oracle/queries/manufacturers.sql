SELECT airline, manufacturer, flights
FROM (
    SELECT a.name AS airline, p.manufacturer AS manufacturer, COUNT(*) AS flights,
           ROW_NUMBER() OVER (PARTITION BY a.name ORDER BY COUNT(*) DESC, p.manufacturer) AS place
    FROM flights f
    JOIN planes p ON p.tailnum = f.tailnum
    JOIN airlines a ON a.carrier = f.carrier
    GROUP BY a.name, p.manufacturer
) ranked
WHERE place <= 3
ORDER BY airline, place;
