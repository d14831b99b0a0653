-- Keeps jobs: id, line, record without its first 24 bytes, and when it is due or nothing, for each.
-- Gives the place and the holder of each that is a duplicate.

local count = (#ARGV - 2) / 4
local ids = {}
for at = 1, count do
    ids[at] = ARGV[4 * at - 1]
end
local known = {}
for at, record in ipairs(call('HMGET', JOBS, unpack(ids))) do
    if record then known[ids[at]] = true end
end

local head = pack('>d', wall)
local now = number(wall)
local turns = {}
local kept, duplicates = {}, {}
local lines, order = {}, {}

for at = 1, count do
    local id, line, rest, due = ids[at], ARGV[4 * at], ARGV[4 * at + 1], tonumber(ARGV[4 * at + 2])
    local holder = known[id] and id
    local kind = byte(rest, 2)
    local record = head .. line .. rest
    if not holder and kind ~= 0 then
        local key, window = key_of(record)
        local got = hold(line, key, id, window)
        holder = got ~= id and got
    end
    if holder then
        duplicates[#duplicates + 1] = at
        duplicates[#duplicates + 1] = holder
    else
        known[id] = true
        kept[#kept + 1] = id
        kept[#kept + 1] = record
        if due and wall < due then
            schedule(fresh(id, record), due)
        else
            local priority = byte(rest, 1)
            local turn = turns[priority]
            if not turn then
                turn = number(turn_of(wall, priority))
                turns[priority] = turn
            end
            local members = lines[line]
            if not members then
                members = {}
                lines[line] = members
                order[#order + 1] = line
            end
            members[#members + 1] = turn
            members[#members + 1] = id
        end
    end
end

if 0 < #kept then call('HSET', JOBS, unpack(kept)) end
for _, line in ipairs(order) do
    call('ZADD', line_key(line), unpack(lines[line]))
    join(line)
end
tell()
return duplicates
