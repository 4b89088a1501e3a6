
-- protocol::complete::completed
if not holds() then return refused() end
return write({
  status = 'COMPLETED',
  since = asked.now_ms,
  attempts = '0',
  expiration = asked.expiration,
  data = asked.data,
  omitted = asked.omitted,
}, { 'in_progress_expiration', 'data', 'omitted' })
