-- What every script starts with: what was asked for, the row as it stands, and how to answer and to write.
-- A script touches one key, the one in KEYS.

local key = KEYS[1]
local asked = {}
for i = 1, #ARGV, 2 do asked[ARGV[i]] = ARGV[i + 1] end

local stored = redis.pcall('HGETALL', key)
-- Not a hash. Returned rather than raised, the error keeps its own code on every version of the server.
if stored.err then return stored end
local absent = #stored == 0
local row = {}
for i = 1, #stored, 2 do row[stored[i]] = stored[i + 1] end

-- Lua's numbers are doubles, exact up to 2^53, which has 16 digits. So with at most 15 digits every comparison and every
-- increment is exact; a moment in milliseconds has 13. What has more was not written by us.
local function is_number(text)
  return text ~= nil and #text <= 15 and text:find('^%d+$') ~= nil
end

local function is_status(text)
  return text == 'INPROGRESS' or text == 'COMPLETED' or text == 'RELEASED' or text == 'FAILED'
end

-- Whether the row is one of ours: the same that `fields.rs` reads, but for texts that are no UTF-8. No other is written over.
local function is_ours()
  return not absent
    and row.v == asked.v
    and is_status(row.status)
    and row.owner ~= nil and #row.owner == 32 and row.owner:find('^%x+$') ~= nil
    and row.validation ~= nil and #row.validation == 43 and row.validation:find('^[%w_-]+[AEIMQUYcgkosw048]$') ~= nil
    and is_number(row.fence) and is_number(row.since) and is_number(row.expiration)
    and is_number(row.attempts) and tonumber(row.attempts) <= 4294967295
    and (row.status ~= 'INPROGRESS' or is_number(row.in_progress_expiration))
    and (row.omitted == nil or (row.omitted == '1' and row.data == nil))
end

-- The condition did not hold: what it met.
local function refused()
  return { 0, stored }
end

-- Sets these fields, and clears the others of that list. One HSET carries all that a condition looks at, and comes first:
-- if the server writes nothing now (no memory left, a replica, no disk), then nothing was written before either.
local function write(fields, cleared)
  local set, gone = {}, {}
  for name, value in pairs(fields) do
    set[#set + 1] = name
    set[#set + 1] = value
  end
  for _, name in ipairs(cleared) do
    if fields[name] == nil then gone[#gone + 1] = name end
  end
  local done = redis.pcall('HSET', key, unpack(set))
  if type(done) == 'table' and done.err then return done end
  if #gone > 0 then redis.call('HDEL', key, unpack(gone)) end
  -- Only where the retention is set anew. Counted from the server's own now: it may differ from ours.
  if asked.keep_ms then redis.call('PEXPIRE', key, asked.keep_ms) end
  return { 1, {} }
end
