-- Hands out jobs: worker, how many at most, lease in milliseconds, whether the worker has nothing else, how many jobs
-- are handed out together at least.
-- Gives, if there are both, a letter for each job in the order of their turns: t for one that is handed out together
-- with others, s for one by itself; whether the worker is to become idle; the token of those together, their ids in one
-- text and their records; and id, record and state of each by itself.
--
-- To ask for no job at all keeps a worker's place with a job that has to run alone.
--
-- What is handed out together has one token and one lease, and no state: most jobs are done before anybody needs one.
-- Whatever else becomes of such a job first sets it apart.

local worker, max, lease, is_idle = ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6] == '1'
local control = call('HMGET', META, 'token', 'queue_paused', 'reserved_by', 'reserved_until')
local together_min = tonumber(ARGV[7])
if control[2] then return { '', 0, '0', '', {}, {} } end

local paused_names, names_paused = {}, false
for _, name in ipairs(call('SMEMBERS', PAUSED_NAMES)) do
    paused_names[name], names_paused = true, true
end
local lines_paused = 0 < call('SCARD', PAUSED_LINES)
local is_limited = 0 < call('HLEN', LIMITS)

if STEP_REFRESH < wall - (tonumber(meta[2]) or wall) then note_times() end

-- Never given twice, also by a server that lost its last moments: time goes faster than jobs are handed out.
local token = math.max(tonumber(control[1]) or 0, wall * 2000)
local deadline = number(steady + lease)
local apart, letters = {}, {}
local states, leases = {}, {}
local begun_of = {}
local together, records_together, together_count = {}, {}, 0

-- Even numbers are those of single jobs.
local function next_token(is_together)
    token = token + (token % 2 == 0 and 2 or 1)
    return is_together and token + 1 or token
end

local function hand_out(job, record)
    job.state, job.at, job.token, job.worker = RUNNING_S, wall, next_token(false), worker
    job.attempt = job.attempt + 1
    local state = written(job)
    states[#states + 1], states[#states + 2] = job.id, state
    leases[#leases + 1], leases[#leases + 2] = deadline, job.id
    local at = #apart
    apart[at + 1], apart[at + 2], apart[at + 3] = job.id, record, state
    letters[#letters + 1] = 's'
end

local function count_begun()
    for _, line in ipairs(begun_of) do
        begun(line, begun_of[line])
    end
    begun_of = {}
end

local function write_down()
    if 0 < #states then
        call('HSET', STATE, unpack(states))
        call('ZADD', LEASES, unpack(leases))
        count_begun()
    end
    local of_all, ids = '0', ''
    if 0 < together_count then
        local together_token = next_token(true)
        local name = pack('>d', together_token)
        token, of_all, ids = together_token + 1, number(together_token), table.concat(together)
        call('SADD', claim_key(name), unpack(together))
        call('HSET', CLAIMS, name, pack('>d', wall) .. worker)
        call('ZADD', LEASES, deadline, name)
    end
    if 0 < together_count + #states then call('HSET', META, 'token', number(token)) end
    return { #apart == 0 and '' or table.concat(letters), 0, of_all, ids, records_together, apart }
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
        if is_idle and 0 < max then
            call('HDEL', META, 'reserved_by', 'reserved_until')
            call('ZREM', ALONE, job.id)
            if limits and 0 < limits.rate then spend(job.line, limits, 1) end
            count_one(begun_of, job.line)
            hand_out(job, record)
            return write_down()
        end
        if reserved_by or PATIENCE <= wall - job.at then
            -- Renewed with each claim of this worker, for as long as it takes to finish what it has.
            local till = number(steady + math.max(lease, RESERVED_FOR))
            call('HSET', META, 'reserved_by', worker, 'reserved_until', till)
            return { '', 1, '0', '', {}, {} }
        end
    end
end

-- How many jobs of which lines come next, in turn; lines that may not be served now step aside.
local taken = {}
local has_tombs = 0 < call('EXISTS', TOMBS)
-- Lines that have more than a list, or less than is in it.
local is_mixed = {}

local function look_at(line)
    local it = { line = line, weight = 1, credit = 0, room = math.huge }
    local listed, sorted = call('LLEN', list_key(line)), call('ZCARD', line_key(line))
    local gone = has_tombs and tonumber(call('HGET', TOMBS_OF, line)) or 0
    it.waiting = listed + sorted - gone - (taken[line] or 0)
    if 0 < sorted or 0 < gone then is_mixed[line] = true end
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
    local order, ordered, visited = {}, 0, 0
    wake_resting()
    while ordered < most and visited < VISITS_MAX do
        local size = math.min(most, SHARE)
        local window = call('LRANGE', RING, 0, size - 1)
        if #window == 0 then break end
        visited = visited + #window
        local is_whole = #window < size
        local queue, head, tail, behind = {}, 1, #window, {}
        for at, line in ipairs(window) do
            queue[at] = look_at(line)
        end
        while head <= tail and ordered < most do
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
                local count = math.min(it.credit, it.waiting, it.room, most - ordered)
                for _ = 1, count do
                    ordered = ordered + 1
                    order[ordered] = line
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
    -- Behind lines that stepped aside there may be others.
    if VISITS_MAX <= visited and ordered < most then is_news = true end
    return order
end

-- Ids byte by byte: the language compares texts as the server's locale does.
local function is_before(one, other)
    for at = 1, 16 do
        local a, b = byte(one, at), byte(other, at)
        if a ~= b then return a < b end
    end
    return false
end

-- A job that had its turn does not begin after all.
local function give_turn_back(line)
    local limits = is_limited and limits_of(line)
    if limits and 0 < limits.rate then spend(line, limits, -1) end
    if call('SREM', FULL, line) == 1 then
        come_back(line)
    elseif 0 < waiting_in(line) then
        join(line)
    end
end

local function put_aside(job, record)
    job.flags = with(job.flags, HELD)
    write(job)
    local name = name_of(record)
    call('ZADD', held_key(name), number(job.turn), job.id)
    call('SADD', HELD_NAMES, name)
    give_turn_back(job.line)
end

-- The first jobs of a line, out of its list and its sorted set as their turns are; says which have a state.
local function first_of(line, count)
    local list, sorted = list_key(line), line_key(line)
    local ids, has_state = {}, {}
    if not is_mixed[line] then
        for at, place in ipairs(call('LPOP', list, count) or {}) do
            ids[at] = sub(place, 9)
        end
        return ids, has_state
    end
    local others = call('ZRANGE', sorted, 0, count - 1, 'WITHSCORES')
    local gone = has_tombs and tonumber(call('HGET', TOMBS_OF, line)) or 0
    -- Places of jobs that are gone are passed over, but not more of them than a share.
    local places = call('LRANGE', list, 0, count + math.min(gone, SHARE) - 1)
    local from_list, from_sorted = 0, 0
    while #ids < count do
        local place = places[from_list + 1]
        if place and gone ~= 0 and call('SISMEMBER', TOMBS, sub(place, 9)) == 1 then
            bury(sub(place, 9), line)
            from_list = from_list + 1
        else
            local turn, id = tonumber(others[2 * from_sorted + 2]), others[2 * from_sorted + 1]
            if not place and not id then break end
            local first = place and unpacked('>d', place)
            if not id or (place and (first < turn or (first == turn and is_before(sub(place, 9), id)))) then
                ids[#ids + 1] = sub(place, 9)
                from_list = from_list + 1
            else
                ids[#ids + 1] = id
                has_state[#ids] = true
                from_sorted = from_sorted + 1
            end
        end
    end
    if 0 < from_list then call('LTRIM', list, from_list, -1) end
    if 0 < from_sorted then call('ZREMRANGEBYRANK', sorted, 0, from_sorted - 1) end
    return ids, has_state
end

-- Whether jobs are as most are: the first of this call, in the list of a line without limits, under no key, and of no
-- name that is paused.
local function are_plain(records)
    if names_paused or is_limited or 0 < #letters or next(is_mixed) then return false end
    for _, record in ipairs(records) do
        if not record or byte(record, 26) == 1 then return false end
    end
    return true
end

-- Takes a job out of a line for each turn; says how many were put aside instead, because their name is paused.
local function take(order)
    local ids, has_state, aside = {}, {}, 0
    local firsts, states_of, places = {}, {}, {}
    for at, line in ipairs(order) do
        if not firsts[line] then
            firsts[line], states_of[line] = first_of(line, taken[line])
            places[line] = 0
        end
        local place = places[line] + 1
        places[line] = place
        ids[at] = firsts[line][place] or ''
        has_state[at] = states_of[line][place]
    end
    taken = {}
    local may_be_together = together_min <= #order
    local records = call('HMGET', JOBS, unpack(ids))
    if may_be_together and are_plain(records) then
        together, records_together, together_count = ids, records, #order
        return 0
    end
    for at, record in ipairs(records) do
        local id, line = ids[at], order[at]
        local limits = is_limited and call('HEXISTS', LIMITS, line) == 1
        if not record then
            -- Somebody took its record away: nothing is left of it but its place.
            if id ~= '' then call('HDEL', STATE, id) end
            give_turn_back(line)
            -- Or there were too many places of jobs that are gone: the rest is for another call.
            aside = aside + (id == '' and SHARE or 1)
        elseif names_paused and paused_names[name_of(record)] then
            local text = has_state[at] and call('HGET', STATE, id)
            put_aside(text and read(id, text) or fresh(id, record), record)
            aside = aside + 1
        elseif may_be_together and not has_state[at] and not limits and byte(record, 26) ~= 1 then
            together_count = together_count + 1
            together[together_count], records_together[together_count] = id, record
            letters[#letters + 1] = 't'
        else
            local text = has_state[at] and call('HGET', STATE, id)
            count_one(begun_of, line)
            hand_out(text and read(id, text) or fresh(id, record), record)
        end
    end
    return aside
end

local aside, count = 0, 0
while count < max and aside < SHARE do
    local order = serve(math.min(max - count, SHARE - aside))
    if #order == 0 then break end
    local more = take(order)
    aside, count = aside + more, count + math.max(0, #order - more)
    if more == 0 then break end
    -- What has begun counts for the next turns.
    count_begun()
end
-- Behind those that were put aside there may be others.
if SHARE <= aside then is_news = true end
tell()
return write_down()
