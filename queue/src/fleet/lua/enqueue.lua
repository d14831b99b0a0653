-- Keeps jobs: how many, id and record of each; then, of those that have a time to run, which and when.
-- Gives the place and the holder of each that is a duplicate.
--
-- What a script is given costs it as much as what it does: so records come as they are kept.

local count = tonumber(ARGV[3])
local ids, dues = {}, nil
for place = 1, count do
    ids[place] = ARGV[2 * place + 2]
end
for at = 2 * count + 4, #ARGV, 2 do
    dues = dues or {}
    dues[tonumber(ARGV[at])] = tonumber(ARGV[at + 1])
end
-- Most calls hold nothing but new jobs without keys.
local known, seen, is_plain = {}, {}, true
for place, record in ipairs(call('HMGET', JOBS, unpack(ids))) do
    local id = ids[place]
    if record then known[id] = true end
    if record or seen[id] or byte(ARGV[2 * place + 3], 26) ~= 0 then is_plain = false end
    seen[id] = true
end

-- A job that was called off, and forgotten, may still have a place in a list, which is passed over. One that comes back
-- under the same id must not be taken for it.
local gone
if call('EXISTS', TOMBS) == 1 then
    gone = {}
    for place, is_gone in ipairs(call('SMISMEMBER', TOMBS, unpack(ids))) do
        if is_gone == 1 then gone[ids[place]] = true end
    end
end

local now = pack('>d', wall)
local kept, duplicates = {}, {}
local places, order = {}, {}

-- Where jobs of a line go that came now: behind the last, unless the clock was set back since.
local function places_in(line)
    local it = places[line]
    if not it then
        local last = call('LINDEX', list_key(line), -1)
        it = { list = {}, count = 0, sorted = {}, is_in_order = not last or unpacked('>d', last) <= wall }
        places[line] = it
        order[#order + 1] = line
    end
    return it
end

local function keep(id, record, due)
    if due and wall < due then return schedule(fresh(id, record), due) end
    local it, priority = places_in(sub(record, 9, 24)), byte(record, 25)
    if priority == 0 and it.is_in_order and not (gone and gone[id]) then
        local place = it.count + 1
        it.list[place], it.count = now .. id, place
    else
        local sorted = it.sorted
        sorted[#sorted + 1], sorted[#sorted + 2] = number(turn_of(wall, priority)), id
    end
end

-- The job that is there already instead of this one: by its id, or by its key.
local function holder_of(id, record)
    if known[id] then return id end
    if byte(record, 26) ~= 0 then
        local key, window = key_of(record)
        local holder = hold(sub(record, 9, 24), key, id, window)
        if holder ~= id then return holder end
    end
    known[id] = true
end

for place, id in ipairs(ids) do
    local record = ARGV[2 * place + 3]
    local due = dues and dues[place]
    if is_plain then
        keep(id, record, due)
    else
        local holder = holder_of(id, record)
        if holder then
            duplicates[#duplicates + 1], duplicates[#duplicates + 2] = place, holder
        else
            kept[#kept + 1], kept[#kept + 2] = id, record
            keep(id, record, due)
        end
    end
end

if is_plain then
    call('HSET', JOBS, unpack(ARGV, 4, 2 * count + 3))
elseif 0 < #kept then
    call('HSET', JOBS, unpack(kept))
end
for _, line in ipairs(order) do
    local it = places[line]
    if 0 < it.count then call('RPUSH', list_key(line), unpack(it.list)) end
    if 0 < #it.sorted then call('ZADD', line_key(line), unpack(it.sorted)) end
    join(line)
end
tell()
return duplicates
