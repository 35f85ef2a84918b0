DIFF 'main' 'fix' ON flights SUMMARY;
