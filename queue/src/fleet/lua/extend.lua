-- Makes leases last from now on: milliseconds, then id and token for each.
-- Gives a letter for each: h for held, c for held by a job that is to stop, l for lost.

local till = number(steady + tonumber(ARGV[3]))
local count = (#ARGV - 3) / 2
local ids, answers, leases = {}, {}, {}
for at = 1, count do
    ids[at] = ARGV[2 * at + 2]
end
for at, text in ipairs(call('HMGET', STATE, unpack(ids))) do
    if not text or byte(text, 1) ~= byte(RUNNING_S) or sub(text, 10, 17) ~= ARGV[2 * at + 3] then
        answers[at] = 'l'
    else
        answers[at] = has(byte(text, 36), CANCELLING) and 'c' or 'h'
        leases[#leases + 1], leases[#leases + 2] = till, ids[at]
    end
end
if 0 < #leases then call('ZADD', LEASES, unpack(leases)) end
return table.concat(answers)
