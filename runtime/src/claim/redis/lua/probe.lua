
-- Tries every command that the other scripts send, and leaves nothing behind.
if not absent then return refused() end
local written = write({ v = 'probe' }, { 'error' })
if written.err then return written end
redis.call('HDEL', key, 'v')
return { 1, {} }
