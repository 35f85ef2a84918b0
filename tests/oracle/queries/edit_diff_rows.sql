DIFF 'main' 'fix' ON flights WHERE carrier = 'UA' AND day = 1;
