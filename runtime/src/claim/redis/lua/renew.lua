
-- protocol::renew::allows: a late packet must not shorten a lease.
if not (holds() and tonumber(row.in_progress_expiration) < tonumber(asked.lease_ms)) then return refused() end
return write({ in_progress_expiration = asked.lease_ms }, {})
