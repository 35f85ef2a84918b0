SELECT carrier, COUNT(*) AS flights
FROM flights
GROUP BY carrier
ORDER BY carrier;
