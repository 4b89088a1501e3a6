
-- protocol::forget::allows: only a rejection.
if not (is_ours() and row.status == 'FAILED') then return refused() end
return write({ status = 'RELEASED', since = asked.now_ms, attempts = '0' }, { 'error' })
