-- Hands out jobs: worker, how many at most, lease in milliseconds, whether the worker has nothing else.
-- Gives whether the worker is to become idle, and id, record and state of each job.

local worker, max, lease, is_idle = ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6] == '1'
local control = call('HMGET', META, 'token', 'queue_paused', 'reserved_by', 'reserved_until')
if control[2] or max == 0 then return { 0 } end

local paused_names, names_paused = {}, false
for _, name in ipairs(call('SMEMBERS', PAUSED_NAMES)) do
    paused_names[name], names_paused = true, true
end
local lines_paused = 0 < call('SCARD', PAUSED_LINES)
local is_limited = 0 < call('HLEN', LIMITS)

if STEP_REFRESH < wall - (tonumber(meta[2]) or wall) then note_times() end

-- Never given twice, also by a server that lost its last moments: time goes faster than jobs are handed out.
local token = math.max(tonumber(control[1]) or 0, wall * 1000)
local deadline = number(steady + lease)
local reply = { 0 }
local states, leases = {}, {}
local begun_of, begun_order = {}, {}

local function hand_out(id, record, text)
    token = token + 1
    local state
    if text then
        local job = read(id, text)
        job.state, job.at, job.token, job.worker = RUNNING_S, wall, token, worker
        job.attempt = job.attempt + 1
        state = written(job)
    else
        -- Its turn is left out: it follows from its record.
        local flags = byte(record, 26) == 1 and KEYED or 0
        state = pack(FORM, RUNNING_S, wall, token, 0, 1, 0, 0, flags, byte(record, 25), sub(record, 9, 24)) .. worker
    end
    states[#states + 1], states[#states + 2] = id, state
    leases[#leases + 1], leases[#leases + 2] = deadline, id
    local at = #reply
    reply[at + 1], reply[at + 2], reply[at + 3] = id, record, state
end

local function begins(line)
    if not begun_of[line] then
        begun_of[line] = 0
        begun_order[#begun_order + 1] = line
    end
    begun_of[line] = begun_of[line] + 1
end

local function count_begun()
    for _, line in ipairs(begun_order) do
        if 0 < begun_of[line] then begun(line, begun_of[line]) end
        begun_of[line] = 0
    end
end

local function write_down()
    if #states == 0 then return end
    call('HSET', STATE, unpack(states))
    call('ZADD', LEASES, unpack(leases))
    count_begun()
    call('HSET', META, 'token', number(token))
end

-- The first that has to run alone and is not held back: by a pause, or by its line's limits.
local function first_alone()
    local ids = call('ZRANGE', ALONE, 0, SHARE - 1)
    for _, id in ipairs(ids) do
        local job, record = find(id), call('HGET', JOBS, id)
        if not record then
            -- Somebody took its record away: nothing is left of it but its place.
            call('ZREM', ALONE, id)
        else
            local is_paused = (names_paused and paused_names[name_of(record)])
                or (lines_paused and call('SISMEMBER', PAUSED_LINES, job.line) == 1)
            local limits = is_limited and limits_of(job.line) or nil
            if not is_paused and 0 < room_of(job.line, limits, 0) then return job, record, limits end
        end
    end
end

if 0 < call('ZCARD', ALONE) then
    local job, record, limits = first_alone()
    local reserved_by = control[3]
    if reserved_by and tonumber(control[4]) <= steady then reserved_by = nil end
    if job and (not reserved_by or reserved_by == worker) then
        if is_idle then
            call('HDEL', META, 'reserved_by', 'reserved_until')
            call('ZREM', ALONE, job.id)
            if limits and 0 < limits.rate then spend(job.line, limits, 1) end
            begins(job.line)
            hand_out(job.id, record, call('HGET', STATE, job.id))
            write_down()
            return reply
        end
        if reserved_by or PATIENCE <= wall - job.at then
            -- Renewed with each claim of this worker, for as long as it takes to finish what it has.
            local till = number(steady + math.max(lease, RESERVED_FOR))
            call('HSET', META, 'reserved_by', worker, 'reserved_until', till)
            return { 1 }
        end
    end
end

-- How many jobs of which lines come next, in turn; lines that may not be served now step aside.
local taken = {}

local function look_at(line)
    local it = { line = line, weight = 1, credit = 0, room = math.huge }
    it.waiting = call('ZCARD', line_key(line)) - (taken[line] or 0)
    if lines_paused and call('SISMEMBER', PAUSED_LINES, line) == 1 then
        it.room, it.place = 0, 'p'
        return it
    end
    if is_limited then
        it.limits = limits_of(line)
        if it.limits then
            it.weight = it.limits.weight
            it.room, it.place, it.till = room_of(line, it.limits, taken[line] or 0)
            it.credit = math.min(tonumber(call('HGET', CREDITS, line)) or 0, it.weight)
        end
    end
    return it
end

local function serve(most)
    local order, visited = {}, 0
    wake_resting()
    while #order < most and visited < VISITS_MAX do
        local size = math.min(most, SHARE)
        local window = call('LRANGE', RING, 0, size - 1)
        if #window == 0 then break end
        visited = visited + #window
        local is_whole = #window < size
        local queue, head, tail, behind = {}, 1, #window, {}
        for at, line in ipairs(window) do
            queue[at] = look_at(line)
        end
        while head <= tail and #order < most do
            local it = queue[head]
            local line = it.line
            head = head + 1
            if it.waiting <= 0 then
                call('HDEL', PLACES, line)
                forget_credit(line)
            elseif it.room == 0 then
                step_aside(line, it.place, it.till)
            else
                if it.credit == 0 then it.credit = it.weight end
                local count = math.min(it.credit, it.waiting, it.room, most - #order)
                for _ = 1, count do
                    order[#order + 1] = line
                end
                taken[line] = (taken[line] or 0) + count
                it.waiting, it.room, it.credit = it.waiting - count, it.room - count, it.credit - count
                if it.limits and 0 < it.limits.rate then spend(line, it.limits, count) end
                if it.waiting == 0 then
                    call('HDEL', PLACES, line)
                    if it.limits then forget_credit(line) end
                elseif it.room == 0 then
                    local _, place, till = room_of(line, it.limits, taken[line])
                    step_aside(line, place or 'f', till)
                elseif it.credit == 0 then
                    if it.limits then forget_credit(line) end
                    if is_whole then
                        tail = tail + 1
                        queue[tail] = it
                    else
                        behind[#behind + 1] = line
                    end
                else
                    -- There was no more to give: its turn goes on with the next call.
                    call('HSET', CREDITS, line, it.credit)
                    head = head - 1
                    break
                end
            end
        end
        local front = {}
        for at = head, tail do
            front[#front + 1] = queue[at].line
        end
        if is_whole then
            call('DEL', RING)
            if 0 < #front then call('RPUSH', RING, unpack(front)) end
        else
            call('LTRIM', RING, #window, -1)
            for at = #front, 1, -1 do
                call('LPUSH', RING, front[at])
            end
            if 0 < #behind then call('RPUSH', RING, unpack(behind)) end
        end
    end
    return order
end

-- Takes a job out of a line for each turn; says how many were put aside instead, because their name is paused.
local function put_aside(id, record, text)
    local job = text and read(id, text) or fresh(id, record)
    job.flags = with(job.flags, HELD)
    write(job)
    local name = name_of(record)
    call('ZADD', held_key(name), number(job.turn), id)
    call('SADD', HELD_NAMES, name)
    local limits = is_limited and limits_of(job.line)
    if limits and 0 < limits.rate then spend(job.line, limits, -1) end
    if call('SREM', FULL, job.line) == 1 then come_back(job.line) end
end

local function take(order)
    local ids, aside = {}, 0
    local queues, places = {}, {}
    for at, line in ipairs(order) do
        if not queues[line] then
            local count = taken[line]
            queues[line], places[line] = call('ZRANGE', line_key(line), 0, count - 1), 0
            call('ZREMRANGEBYRANK', line_key(line), 0, count - 1)
        end
        places[line] = places[line] + 1
        ids[at] = queues[line][places[line]]
    end
    taken = {}
    local records, texts = call('HMGET', JOBS, unpack(ids)), call('HMGET', STATE, unpack(ids))
    for at, id in ipairs(ids) do
        local record, text = records[at], texts[at]
        if not record then
            -- Somebody took its record away: nothing is left of it but its place.
            call('HDEL', STATE, id)
            aside = aside + 1
        elseif names_paused and paused_names[name_of(record)] then
            put_aside(id, record, text)
            aside = aside + 1
        else
            begins(order[at])
            hand_out(id, record, text)
        end
    end
    return aside
end

local aside, count = 0, 0
while count < max and aside < SHARE do
    local order = serve(math.min(max - count, SHARE - aside))
    if #order == 0 then break end
    local more = take(order)
    aside, count = aside + more, count + #order - more
    if more == 0 then break end
    -- What has begun counts for the next turns.
    count_begun()
end
-- Behind those that were put aside there may be others.
if SHARE <= aside then is_news = true end
write_down()
tell()
return reply
