-- A queue in figures: scheduled, ready, running, completed, dead, cancelled, lines, since when the first job of a line
-- waits or -1, whether the queue is paused, leases lost, rescues.
--
-- The lines are looked through for the job that waits longest, but not more of them than a share.

local running = call('ZCARD', LEASES) - call('HLEN', CLAIMS)
for _, token in ipairs(call('HKEYS', CLAIMS)) do
    running = running + call('SCARD', claim_key(token))
end
local counts = {
    call('ZCARD', SCHEDULED), 0, running, count_completed(), call('ZCARD', DEAD), call('ZCARD', CANCELLED),
}
counts[2] = call('HLEN', JOBS) - counts[1] - counts[3] - counts[4] - counts[5] - counts[6]

local oldest = -1
local function compare(at)
    if oldest < 0 or at < oldest then oldest = at end
end
local function look_at(where)
    local id = call('ZRANGE', where, 0, 0)[1]
    local text = id and call('HGET', STATE, id)
    local record = id and not text and call('HGET', JOBS, id)
    if text then compare(read(id, text).at) end
    if record then compare(fresh(id, record).at) end
end
-- The first of a list that is not gone, within reason.
local function look_at_list(list)
    for at = 0, 99 do
        local place = call('LINDEX', list, at)
        if not place then return end
        if call('SISMEMBER', TOMBS, sub(place, 9)) == 0 then return compare(unpacked('>d', place)) end
    end
end
if 0 < counts[2] then
    local seen = call('HSCAN', PLACES, 0, 'COUNT', SHARE)[2]
    for at = 1, math.min(#seen, 2 * SHARE), 2 do
        look_at_list(list_key(seen[at]))
        look_at(line_key(seen[at]))
    end
    look_at(ALONE)
    for _, name in ipairs(call('SMEMBERS', HELD_NAMES)) do
        look_at(held_key(name))
    end
end
local noted = call('HMGET', META, 'queue_paused', 'leases_lost', 'rescues')
return {
    counts[1], counts[2], counts[3], counts[4], counts[5], counts[6], call('HLEN', PLACES), number(oldest),
    noted[1] and 1 or 0, tonumber(noted[2]) or 0, tonumber(noted[3]) or 0,
}
