
-- protocol::holds: only the lease that holds the row. No clock.
local function holds()
  return is_ours() and row.status == 'INPROGRESS' and row.owner == asked.owner
    and tonumber(row.fence) == tonumber(asked.fence)
end
