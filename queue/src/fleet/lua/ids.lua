-- A part of the ids of jobs in a place: which place, its line or name, from which rank on, how many.
-- Gives how many places were read, and the ids.

local place, what, from, count = ARGV[3], ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[6])
local lists = { completed = COMPLETED, completed_few = COMPLETED_FEW, list = list_key(what) }
local sorted = {
    scheduled = SCHEDULED, running = LEASES, dead = DEAD, cancelled = CANCELLED, alone = ALONE,
    line = line_key(what), held = held_key(what),
}
local verb, key = 'ZRANGE', sorted[place]
if lists[place] then
    verb, key = 'LRANGE', lists[place]
end
local found = call(verb, key, from, from + count - 1)
local reply = { #found }
for _, it in ipairs(found) do
    if place == 'completed' or place == 'completed_few' then
        for at = 9, #it, 16 do
            reply[#reply + 1] = sub(it, at, at + 15)
        end
    elseif place == 'list' then
        local id = sub(it, 9)
        if call('SISMEMBER', TOMBS, id) == 0 then reply[#reply + 1] = id end
    elseif place == 'running' and #it == 8 then
        for _, id in ipairs(call('SMEMBERS', claim_key(it))) do
            reply[#reply + 1] = id
        end
    else
        reply[#reply + 1] = it
    end
end
return reply
