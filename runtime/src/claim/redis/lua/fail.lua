
-- protocol::fail::failed
if not holds() then return refused() end
return write({
  status = 'FAILED',
  since = asked.now_ms,
  attempts = '0',
  version = asked.version,
  error = asked.error,
}, { 'in_progress_expiration' })
