
-- protocol::release::released
if not holds() then return refused() end
return write({ status = 'RELEASED', since = asked.now_ms, attempts = '0' }, { 'in_progress_expiration' })
