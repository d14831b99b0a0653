-- Readies what is due, takes back what was lost, forgets what is old: ages and numbers of what is kept.
-- Gives how many of each, whether there is more, and in how many milliseconds something is due, or -1.

local completed_age, completed_max, dead_age, dead_max =
    tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local has_more = false

note_times()

local function promote()
    local ids = call('ZRANGEBYSCORE', SCHEDULED, '-inf', number(wall), 'LIMIT', 0, SHARE)
    for _, id in ipairs(ids) do
        call('ZREM', SCHEDULED, id)
        local job = find(id)
        if job then make_ready(job, turn_of(job.at, job.priority)) end
    end
    has_more = has_more or #ids == SHARE
    return #ids
end

local rescued, poisoned = 0, 0

local function rescue_one(job)
    if has(job.flags, CANCELLING) then
        rescued = rescued + 1
        return finish(job, CANCELLED_S)
    end
    -- A rescue costs no attempt: those are for failures of the job's own.
    job.attempt, job.rescues = job.attempt - 1, job.rescues + 1
    if RESCUES_TOGETHER_MAX + RESCUES_ALONE_MAX < job.rescues then
        poisoned = poisoned + 1
        local times = number(job.rescues)
        return finish(job, DEAD_S, 'its worker went away ' .. times .. ' times while it ran, at last alone')
    end
    if RESCUES_TOGETHER_MAX < job.rescues then job.flags = with(job.flags, IS_ALONE) end
    make_ready(job, job.turn)
    rescued = rescued + 1
end

-- A share of jobs that were handed out together; says how many there were.
local function rescue_together(token, share)
    local ids = call('SRANDMEMBER', claim_key(token), share)
    for _, id in ipairs(ids) do
        local job = begun_together(id, token)
        call('SREM', claim_key(token), id)
        if job then rescue_one(job) end
    end
    close_claim(token)
    return #ids
end

local function rescue()
    local names = call('ZRANGEBYSCORE', LEASES, '-inf', number(steady), 'LIMIT', 0, SHARE)
    local seen = 0
    for _, name in ipairs(names) do
        if SHARE <= seen then break end
        if #name == 8 then
            seen = seen + rescue_together(name, SHARE - seen)
        else
            call('ZREM', LEASES, name)
            local job = find(name)
            seen = seen + 1
            if job then
                ended(job.line, 1)
                rescue_one(job)
            end
        end
    end
    if 0 < seen then call('HINCRBY', META, 'rescues', seen) end
    has_more = has_more or seen == SHARE
end

-- Puts jobs back into their lines that were put aside under a name that is paused no more.
local function take_up_held()
    local left = SHARE
    for _, name in ipairs(call('SMEMBERS', HELD_NAMES)) do
        if 0 < left and call('SISMEMBER', PAUSED_NAMES, name) == 0 then
            local ids = call('ZRANGE', held_key(name), 0, left - 1)
            for _, id in ipairs(ids) do
                call('ZREM', held_key(name), id)
                local job = find(id)
                if job then make_ready(job, job.turn) end
            end
            left = left - #ids
            if call('EXISTS', held_key(name)) == 0 then call('SREM', HELD_NAMES, name) end
        end
    end
    has_more = has_more or left == 0
end

-- Completed ones end in the order in which they stand.
local function prune_completed()
    local pruned, surplus = 0, count_completed() - completed_max
    while pruned < SHARE do
        local first = first_completed()
        if not first or (surplus <= pruned and wall - completed_age < first) then break end
        pruned = pruned + forget_first_completed()
    end
    has_more = has_more or SHARE <= pruned
    return pruned
end

local function prune(where, age, most)
    local surplus = math.max(0, math.min(SHARE, call('ZCARD', where) - most))
    local ids = {}
    if 0 < surplus then ids = call('ZRANGE', where, 0, surplus - 1) end
    if 0 < #ids then call('ZREM', where, unpack(ids)) end
    local old = call('ZRANGEBYSCORE', where, '-inf', number(wall - age), 'LIMIT', 0, SHARE - surplus)
    for _, id in ipairs(old) do
        call('ZREM', where, id)
        ids[#ids + 1] = id
    end
    forget(ids)
    has_more = has_more or #ids == SHARE
    return #ids
end

local function forget_windows()
    local names = call('ZRANGEBYSCORE', WINDOWS, '-inf', number(wall), 'LIMIT', 0, SHARE)
    if 0 < #names then
        call('ZREM', WINDOWS, unpack(names))
        call('HDEL', UNIQUE, unpack(names))
    end
    has_more = has_more or #names == SHARE
end

local function forget_parks()
    for _, line in ipairs(call('ZRANGEBYSCORE', PARKS, '-inf', number(steady), 'LIMIT', 0, SHARE)) do
        call('ZREM', PARKS, line)
        local limits = limits_of(line)
        if limits then write_limits(line, limits) end
    end
end

local promoted = promote()
rescue()
take_up_held()
local pruned = prune_completed() + prune(CANCELLED, completed_age, completed_max) + prune(DEAD, dead_age, dead_max)
forget_windows()
forget_parks()
has_more = wake_resting() == SHARE or has_more
tell()

local rest = -1
local function due_in(where, now)
    local first = call('ZRANGE', where, 0, 0, 'WITHSCORES')
    if first[2] then
        local left = math.max(0, tonumber(first[2]) - now)
        rest = rest < 0 and left or math.min(rest, left)
    end
end
due_in(SCHEDULED, wall)
due_in(RESTING, steady)
due_in(LEASES, steady)
return { promoted, rescued, poisoned, pruned, has_more and 1 or 0, number(rest) }
