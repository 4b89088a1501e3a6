
-- The claim. Returns the row, whose fence was made here.
if not may_claim() then return refused() end
local attempts = math.min(tonumber(row.attempts or 0) + 1, 4294967295)
local written = write(granted('INPROGRESS', attempts), cleared)
if written.err then return written end
return { 1, redis.call('HGETALL', key) }
