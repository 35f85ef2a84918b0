SELECT carrier, COUNT(*) AS flights
FROM flights ON BRANCH 'main'
GROUP BY carrier
ORDER BY carrier;
