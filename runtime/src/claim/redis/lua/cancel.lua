
-- protocol::cancel::cancelled
if not holds() then return refused() end
return write({ attempts = '0' }, {})
