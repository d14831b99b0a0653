-- A part of the ids of jobs in a place: which place, its line or name, from which rank on, how many.

local place, what, from, count = ARGV[3], ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[6])
local places = {
    scheduled = SCHEDULED, running = LEASES, dead = DEAD, cancelled = CANCELLED, alone = ALONE,
    line = line_key(what), held = held_key(what),
}
if place == 'completed' then return call('LRANGE', COMPLETED, from, from + count - 1) end
return call('ZRANGE', places[place], from, from + count - 1)
