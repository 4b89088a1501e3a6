
-- protocol::claim::allows: free, or one of ours that is expired, released by another, over, or rejected otherwise.
local function may_claim()
  if absent then return true end
  if not is_ours() then return false end
  if tonumber(row.expiration) < tonumber(asked.now_s) then return true end
  if row.status == 'RELEASED' then return row.owner ~= asked.owner end
  if row.status == 'INPROGRESS' then return tonumber(row.in_progress_expiration) < tonumber(asked.takeover_ms) end
  if row.status == 'FAILED' then
    return row.validation ~= asked.validation or asked.version == nil or row.version ~= asked.version
  end
  return false
end

-- protocol::claim::granted: the fence goes on growing from where the row left it, and from the clock where there is none.
local function granted(status, attempts)
  return {
    status = status,
    owner = asked.owner,
    -- Not `tostring`, which would write 1.8e+12.
    fence = string.format('%.0f', tonumber(row.fence or asked.now_ms) + 1),
    since = asked.now_ms,
    attempts = string.format('%.0f', attempts),
    in_progress_expiration = asked.lease_ms,
    expiration = asked.expiration,
    validation = asked.validation,
    version = asked.version,
    data = asked.data,
    omitted = asked.omitted,
    v = asked.v,
  }
end

local cleared = { 'in_progress_expiration', 'version', 'data', 'omitted', 'error' }
