SELECT diff_type, COUNT(*) AS changes
FROM diff('main', 'fix', 'flights')
GROUP BY diff_type
ORDER BY diff_type;
