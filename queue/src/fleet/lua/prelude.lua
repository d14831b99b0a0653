-- What every script shares: keys, times, and a job's way between its places.
--
-- KEYS[1] is the queue's prefix with its hash tag; every key of a queue begins with it and lies in its slot.
-- ARGV[1] and ARGV[2] set the two times in tests; empty, the server's clock is taken.

local P = KEYS[1]
local JOBS, STATE, ERRORS = P .. ':jobs', P .. ':state', P .. ':errors'
local META, RING, PLACES, CREDITS = P .. ':meta', P .. ':ring', P .. ':places', P .. ':credits'
local LEASES, SCHEDULED, ALONE = P .. ':leases', P .. ':scheduled', P .. ':alone'
local COMPLETED, COMPLETED_FEW = P .. ':completed', P .. ':completed_few'
local DEAD, CANCELLED = P .. ':dead', P .. ':cancelled'
local RUNNING, LIMITS, BUCKETS, PARKS = P .. ':running', P .. ':limits', P .. ':buckets', P .. ':parks'
local RESTING, FULL, ASIDE = P .. ':resting', P .. ':full', P .. ':aside'
local UNIQUE, WINDOWS = P .. ':unique', P .. ':windows'
local CLAIMS, TOMBS, TOMBS_OF = P .. ':claims', P .. ':tombs', P .. ':tombs_of'
local PAUSED_NAMES, PAUSED_LINES, HELD_NAMES = P .. ':paused_names', P .. ':paused_lines', P .. ':held_names'

local call, sub, byte = redis.call, string.sub, string.byte
local pack, unpacked, floor = struct.pack, struct.unpack, math.floor
local SCHEDULED_S, READY_S, RUNNING_S, COMPLETED_S, DEAD_S, CANCELLED_S = 's', 'q', 'r', 'c', 'd', 'x'
local CANCELLING, IS_ALONE, HELD, KEYED = 1, 2, 4, 8
-- state, at, token, turn, attempt, rescues, snoozes, flags, priority, line; the worker's name follows.
local FORM = '>c1dddI4I2I4BBc16'

local meta = call('HMGET', META, 'layout', 'wall', 'steady')
if meta[1] and meta[1] ~= LAYOUT then
    return redis.error_reply('LAYOUT ' .. meta[1])
end

local wall = tonumber(ARGV[1])
if not wall then
    local now = call('TIME')
    wall = tonumber(now[1]) * 1000 + floor(tonumber(now[2]) / 1000)
end
-- The steady time follows the clock, but never back and never far at once: a clock that is set takes no lease away.
local steady = tonumber(ARGV[2])
if not steady then
    local passed = wall - (tonumber(meta[2]) or wall)
    steady = (tonumber(meta[3]) or wall) + math.max(0, math.min(passed, STEP_MAX))
end

local is_news, soonest = false, nil

local function number(value)
    return string.format('%.0f', value)
end

-- Notes the layout and the times, from which the steady one goes on.
local function note_times()
    call('HSET', META, 'layout', LAYOUT, 'wall', number(wall), 'steady', number(steady))
end

if not meta[1] and not IS_READ_ONLY then
    note_times()
end

local function has(flags, flag)
    return floor(flags / flag) % 2 == 1
end

local function with(flags, flag)
    return has(flags, flag) and flags or flags + flag
end

local function without(flags, flag)
    return has(flags, flag) and flags - flag or flags
end

local function line_key(line)
    return P .. ':line:' .. line
end

-- Jobs of a line in the order in which they came, each with its turn before its id: those that nobody has touched
-- since, of no priority. All others stand in the line's sorted set.
local function list_key(line)
    return P .. ':list:' .. line
end

-- Jobs that were handed out together and have neither been answered for nor needed a state of their own.
local function claim_key(token)
    return P .. ':claim:' .. token
end

local function held_key(name)
    return P .. ':held:' .. name
end

-- A record never changes: when it was kept, its line, priority and kind of key, window, key, name, body.
local function key_of(record)
    -- Somebody may have taken the record away.
    if not record then return nil, nil, 27 end
    local kind, at, window = byte(record, 26), 27, nil
    if kind == 0 then return nil, nil, 27 end
    if kind == 2 then
        window, at = unpacked('>d', record, 27), 35
    end
    local length = byte(record, at)
    return sub(record, at + 1, at + length), window, at + length + 1
end

local function name_of(record)
    if not record then return '' end
    local _, _, at = key_of(record)
    return sub(record, at + 1, at + byte(record, at))
end

local function turn_of(at, priority)
    return at - priority * AGEING
end

local function turn_of_record(record)
    return turn_of(unpacked('>d', record), byte(record, 25))
end

-- A job that nobody has touched since it was kept has a record alone.
local function fresh(id, record)
    local flags = byte(record, 26) == 1 and KEYED or 0
    return {
        id = id, state = READY_S, at = unpacked('>d', record), token = 0, turn = turn_of_record(record),
        attempt = 0, rescues = 0, snoozes = 0, flags = flags, priority = byte(record, 25),
        line = sub(record, 9, 24), worker = '', is_fresh = true,
    }
end

-- The same job when it was handed out together with others.
local function begun_together(id, token)
    local record = call('HGET', JOBS, id)
    if not record then return nil end
    local job, claim = fresh(id, record), call('HGET', CLAIMS, token)
    job.state, job.attempt, job.token, job.is_fresh = RUNNING_S, 1, unpacked('>d', token), false
    job.at, job.worker, job.is_together = unpacked('>d', claim), sub(claim, 9), true
    return job
end

local function read(id, text)
    if #text == 9 then
        -- It was handed out together with others, and is done: all else follows from its record.
        local job = fresh(id, call('HGET', JOBS, id) or string.rep('\0', 28))
        job.state, job.at, job.attempt, job.is_fresh = COMPLETED_S, unpacked('>d', text, 2), 1, false
        return job
    end
    local job, next = { id = id }, nil
    job.state, job.at, job.token, job.turn, job.attempt, job.rescues, job.snoozes, job.flags, job.priority,
        job.line, next = unpacked(FORM, text)
    job.worker = sub(text, next)
    if job.turn == 0 then
        local record = call('HGET', JOBS, id)
        job.turn = record and turn_of_record(record) or turn_of(job.at, job.priority)
    end
    return job
end

-- When jobs ended that have no state, of those that are remembered: they ended together with at least so many others
-- that there are few moments to look at.
local function completed_at(id)
    for _, chunk in ipairs(call('LRANGE', COMPLETED, 0, -1)) do
        local at = string.find(chunk, id, 9, true)
        while at do
            if (at - 9) % 16 == 0 then return unpacked('>d', chunk) end
            at = string.find(chunk, id, at + 1, true)
        end
    end
end

-- The same for many of them.
local function all_completed()
    local all = {}
    for _, chunk in ipairs(call('LRANGE', COMPLETED, 0, -1)) do
        local ended = unpacked('>d', chunk)
        for at = 9, #chunk, 16 do
            all[sub(chunk, at, at + 15)] = ended
        end
    end
    return all
end

-- Where a job is that has no state: handed out together with others, done, or still waiting.
local function locate(id, record, completed)
    for _, token in ipairs(call('HKEYS', CLAIMS)) do
        if call('SISMEMBER', claim_key(token), id) == 1 then return begun_together(id, token) end
    end
    local job = fresh(id, record)
    local at = completed and completed[id]
    if not completed then at = completed_at(id) end
    if at then
        job.state, job.at, job.attempt, job.is_fresh = COMPLETED_S, at, 1, false
    end
    return job
end

local function find(id)
    local text = call('HGET', STATE, id)
    if text then return read(id, text) end
    local record = call('HGET', JOBS, id)
    return record and locate(id, record)
end

local function written(job)
    return pack(FORM, job.state, job.at, job.token, job.turn, job.attempt, job.rescues, job.snoozes, job.flags,
        job.priority, job.line) .. job.worker
end

local function write(job)
    call('HSET', STATE, job.id, written(job))
end

-- A line with jobs that wait, and that stands nowhere, takes its turn behind the others.
local function join(line)
    if call('HSETNX', PLACES, line, 't') == 1 and call('RPUSH', RING, line) == 1 then
        is_news = true
    end
end

local function forget_credit(line)
    call('HDEL', CREDITS, line)
end

-- Takes a line out of wherever it stands.
local function withdraw(line)
    local place = call('HGET', PLACES, line)
    if place == 't' then call('LREM', RING, 1, line) end
    if place == 'r' then call('ZREM', RESTING, line) end
    if place == 'f' then call('SREM', FULL, line) end
    if place == 'p' then call('SREM', ASIDE, line) end
    call('HDEL', PLACES, line)
    forget_credit(line)
end

local function step_aside(line, place, till)
    call('HSET', PLACES, line, place)
    if place == 'r' then call('ZADD', RESTING, number(till), line) end
    if place == 'f' then call('SADD', FULL, line) end
    if place == 'p' then call('SADD', ASIDE, line) end
    forget_credit(line)
end

local function come_back(line)
    call('HDEL', PLACES, line)
    join(line)
end

local function wake_resting()
    local awake = call('ZRANGEBYSCORE', RESTING, '-inf', number(steady), 'LIMIT', 0, SHARE)
    for _, line in ipairs(awake) do
        call('ZREM', RESTING, line)
        come_back(line)
    end
    return #awake
end

-- Jobs of a line that wait to be handed out.
local function waiting_in(line)
    local gone = tonumber(call('HGET', TOMBS_OF, line)) or 0
    return call('LLEN', list_key(line)) + call('ZCARD', line_key(line)) - gone
end

-- Counts one for a line; lines stay in the order in which they came.
local function count_one(counts, line)
    if not counts[line] then
        counts[line] = 0
        counts[#counts + 1] = line
    end
    counts[line] = counts[line] + 1
end

local function begun(line, count)
    call('HINCRBY', RUNNING, line, count)
end

-- Jobs of a line run no more, which may let others begin.
local function ended(line, count)
    if call('HINCRBY', RUNNING, line, -count) <= 0 then call('HDEL', RUNNING, line) end
    if call('SREM', FULL, line) == 1 then come_back(line) end
end

-- Forgets that a job in a line's list is gone, once its place is.
local function bury(id, line)
    call('SREM', TOMBS, id)
    if call('HINCRBY', TOMBS_OF, line, -1) <= 0 then call('HDEL', TOMBS_OF, line) end
end

-- Takes a job out of its line. In a list that would cost as much as the list is long: there its place is passed over
-- when its turn comes.
local function leave_line(job)
    local line = job.line
    if call('ZREM', line_key(line), job.id) == 0 and job.is_fresh then
        call('SADD', TOMBS, job.id)
        call('HINCRBY', TOMBS_OF, line, 1)
    end
    local most = 2
    if waiting_in(line) <= 0 then
        withdraw(line)
        most = SHARE
    end
    -- More than one each time, so that no place is left behind those that are.
    for _ = 1, most do
        local first = call('LINDEX', list_key(line), 0)
        if not first or call('SISMEMBER', TOMBS, sub(first, 9)) == 0 then return end
        call('LPOP', list_key(line))
        bury(sub(first, 9), line)
    end
end

-- Takes a job that waits out of wherever it waits.
local function leave(job)
    if job.state == SCHEDULED_S then
        call('ZREM', SCHEDULED, job.id)
    elseif has(job.flags, HELD) then
        local name = name_of(call('HGET', JOBS, job.id))
        call('ZREM', held_key(name), job.id)
        if call('EXISTS', held_key(name)) == 0 then call('SREM', HELD_NAMES, name) end
    elseif has(job.flags, IS_ALONE) then
        call('ZREM', ALONE, job.id)
    else
        leave_line(job)
    end
end

-- Puts a job where it can be found: in its line, or with those that have to run alone.
local function make_ready(job, turn)
    job.state, job.at, job.turn, job.token, job.worker = READY_S, wall, turn, 0, ''
    job.flags = without(job.flags, HELD)
    write(job)
    if has(job.flags, IS_ALONE) then
        call('ZADD', ALONE, number(wall), job.id)
        is_news = true
    else
        call('ZADD', line_key(job.line), number(turn), job.id)
        join(job.line)
    end
end

local function schedule(job, due)
    job.state, job.at, job.turn, job.token, job.worker = SCHEDULED_S, due, turn_of(due, job.priority), 0, ''
    write(job)
    call('ZADD', SCHEDULED, number(due), job.id)
    soonest = math.min(soonest or due, due)
end

-- Takes a key that nobody holds, or whose time is over; gives the job that holds it then.
local function hold(line, key, id, window)
    local name = line .. key
    local held = call('HGET', UNIQUE, name)
    if held then
        local till = unpacked('>d', held, 17)
        if till == 0 or wall < till then return sub(held, 1, 16) end
        call('ZREM', WINDOWS, name)
    end
    local till = window and wall + window or 0
    call('HSET', UNIQUE, name, id .. pack('>d', till))
    if window then call('ZADD', WINDOWS, number(till), name) end
    return id
end

local function free_key(job)
    local key = key_of(call('HGET', JOBS, job.id))
    if not key then return end
    local name = job.line .. key
    if call('HGET', UNIQUE, name) == job.id .. pack('>d', 0) then call('HDEL', UNIQUE, name) end
end

-- What is done is kept in the order in which it ended, the ids of one moment in one text.
local function note_completed(ids)
    local count = #ids / 16
    if count < FEW_COMPLETED then
        -- Few of one moment would make many moments: each gets a word of its own instead.
        local done = COMPLETED_S .. pack('>d', wall)
        for at = 1, #ids, 16 do
            call('HSETNX', STATE, sub(ids, at, at + 15), done)
        end
    end
    call('RPUSH', count < FEW_COMPLETED and COMPLETED_FEW or COMPLETED, pack('>d', wall) .. ids)
    call('HINCRBY', META, 'completed', count)
end

-- Ends a job, and gives its key back if it was held for as long as the job was pending.
local function finish(job, state, problem)
    job.state, job.at, job.token, job.worker = state, wall, 0, ''
    if has(job.flags, KEYED) then
        free_key(job)
        job.flags = KEYED
    else
        job.flags = 0
    end
    write(job)
    if state == COMPLETED_S then
        note_completed(job.id)
    else
        call('ZADD', state == DEAD_S and DEAD or CANCELLED, number(wall), job.id)
    end
    if problem then call('HSET', ERRORS, job.id, problem) end
end

local function forget(ids)
    if #ids == 0 then return end
    call('HDEL', JOBS, unpack(ids))
    call('HDEL', STATE, unpack(ids))
    call('HDEL', ERRORS, unpack(ids))
end

-- The moment at which something ended first, and where it stands; nothing if nothing did.
local function first_completed()
    local many, few = call('LINDEX', COMPLETED, 0), call('LINDEX', COMPLETED_FEW, 0)
    many, few = many and unpacked('>d', many), few and unpacked('>d', few)
    if few and (not many or few < many) then return few, COMPLETED_FEW end
    return many, COMPLETED
end

-- Forgets what ended first; says how much that was.
local function forget_first_completed()
    local _, where = first_completed()
    local chunk = call('LPOP', where)
    if not chunk then
        call('HDEL', META, 'completed')
        return SHARE
    end
    local ids = {}
    for at = 9, #chunk, 16 do
        ids[#ids + 1] = sub(chunk, at, at + 15)
    end
    forget(ids)
    call('HINCRBY', META, 'completed', -#ids)
    return #ids
end

local function count_completed()
    return tonumber(call('HGET', META, 'completed')) or 0
end

-- Ends what was handed out together, if nothing of it is left.
local function close_claim(token)
    if call('EXISTS', claim_key(token)) == 0 then
        call('HDEL', CLAIMS, token)
        call('ZREM', LEASES, token)
    end
end

-- Gives a job that was handed out together with others a state and a lease of its own.
local function set_apart(job, till)
    call('SREM', claim_key(pack('>d', job.token)), job.id)
    job.is_together = false
    write(job)
    call('ZADD', LEASES, till, job.id)
    begun(job.line, 1)
end

-- How a line is served, where that is not the usual way.
local function limits_of(line)
    local text = call('HGET', LIMITS, line)
    if not text then return nil end
    local it = {}
    it.weight, it.most, it.rate, it.burst, it.parked = unpacked('>I2I4I4I4d', text)
    return it
end

local function write_limits(line, it)
    if it.weight == 1 and it.most == 0 and it.rate == 0 and it.parked <= steady then
        call('HDEL', LIMITS, line)
    else
        call('HSET', LIMITS, line, pack('>I2I4I4I4d', it.weight, it.most, it.rate, it.burst, it.parked))
    end
end

-- What a line's bucket holds by now, in sixty-thousandths of a job.
local function bucket_of(line, limits)
    local most, text = limits.burst * TOKEN, call('HGET', BUCKETS, line)
    if not text then return most end
    local held, at = unpacked('>dd', text)
    return math.min(most, held + math.max(0, steady - at) * limits.rate)
end

local function spend(line, limits, count)
    call('HSET', BUCKETS, line, pack('>dd', bucket_of(line, limits) - count * TOKEN, steady))
end

-- How many jobs of a line may begin, `taken` of them being on their way; or where it stands instead, and till when.
local function room_of(line, limits, taken)
    if not limits then return math.huge end
    if steady < limits.parked then return 0, 'r', limits.parked end
    local room = math.huge
    if 0 < limits.most then
        room = limits.most - taken - (tonumber(call('HGET', RUNNING, line)) or 0)
        if room <= 0 then return 0, 'f' end
    end
    if limits.rate == 0 then return room end
    local held = bucket_of(line, limits)
    if held < TOKEN then return 0, 'r', steady + math.ceil((TOKEN - held) / limits.rate) end
    return math.min(room, floor(held / TOKEN))
end

-- Tells who waits for something to do, and who waits for the next moment at which something is due.
local function tell()
    if is_news then call('PUBLISH', P .. ':news', 'jobs') end
    if soonest then
        local first = call('ZRANGE', SCHEDULED, 0, 0, 'WITHSCORES')
        if first[2] and soonest <= tonumber(first[2]) then call('PUBLISH', P .. ':news', 'times') end
    end
end
