
-- What is stored. A script and not a plain HGETALL: clients may send plain reads to a replica, which lags behind.
return refused()
