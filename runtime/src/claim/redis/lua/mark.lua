
-- protocol::mark: a success that no claim preceded, under the claim's condition.
if not may_claim() then return refused() end
return write(granted('COMPLETED', 0), cleared)
