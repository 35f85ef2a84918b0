COMMIT MESSAGE 'Flights of January 2013';
CREATE TAG imported;
