SELECT carrier, COUNT(*) AS flights
FROM flights ON BRANCH 'fix'
GROUP BY carrier
ORDER BY carrier;
