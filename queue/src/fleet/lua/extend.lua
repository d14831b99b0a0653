-- Makes leases last from now on: milliseconds, then id and token for each.
-- Gives a letter for each: h for held, c for held by a job that is to stop, l for lost.

local till = number(steady + tonumber(ARGV[3]))
local count = (#ARGV - 3) / 2
local ids, answers, leases = {}, {}, {}
for at = 1, count do
    ids[at] = ARGV[2 * at + 2]
end
for at, text in ipairs(call('HMGET', STATE, unpack(ids))) do
    local id, token = ids[at], ARGV[2 * at + 3]
    if text and byte(text, 1) == byte(RUNNING_S) and sub(text, 10, 17) == token then
        answers[at] = has(byte(text, 36), CANCELLING) and 'c' or 'h'
        leases[#leases + 1], leases[#leases + 2] = till, id
    elseif not text and call('SISMEMBER', claim_key(token), id) == 1 then
        -- It takes longer than most.
        local job = begun_together(id, token)
        if job then set_apart(job, till) end
        close_claim(token)
        answers[at] = job and 'h' or 'l'
    else
        answers[at] = 'l'
    end
end
if 0 < #leases then call('ZADD', LEASES, unpack(leases)) end
return table.concat(answers)
