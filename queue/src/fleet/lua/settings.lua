-- What people have set: pauses, limits, parks. ARGV[3] says which.

-- Whether the queue is paused, how many names, the names, the lines.
local function pauses()
    local text = table.concat(ARGV, '\n', 4)
    local digest = redis.sha1hex(text)
    if call('HGET', META, 'pauses') == digest then return end
    call('DEL', PAUSED_NAMES, PAUSED_LINES)
    local names = tonumber(ARGV[5])
    for at = 6, 5 + names do
        call('SADD', PAUSED_NAMES, ARGV[at])
    end
    for at = 6 + names, #ARGV do
        call('SADD', PAUSED_LINES, ARGV[at])
    end
    if ARGV[4] == '1' then
        call('HSET', META, 'queue_paused', '1')
    else
        call('HDEL', META, 'queue_paused')
    end
    call('HSET', META, 'pauses', digest)
    local freed = {}
    for _, line in ipairs(call('SMEMBERS', ASIDE)) do
        if call('SISMEMBER', PAUSED_LINES, line) == 0 then freed[#freed + 1] = line end
    end
    table.sort(freed)
    for _, line in ipairs(freed) do
        call('SREM', ASIDE, line)
        come_back(line)
    end
    is_news = true
end

-- What was handed out together is not counted for its line, which may have to know from now on.
local function set_line_apart(line)
    for _, token in ipairs(call('HKEYS', CLAIMS)) do
        local till = call('ZSCORE', LEASES, token)
        for _, id in ipairs(call('SMEMBERS', claim_key(token))) do
            local job = begun_together(id, token)
            if job and job.line == line then set_apart(job, till) end
        end
        close_claim(token)
    end
end

-- Line, weight, how many may run, how many a minute, how many of them at once; 0 for as many as there are.
local function limit()
    local line = ARGV[4]
    local it = limits_of(line) or { weight = 1, most = 0, rate = 0, burst = 0, parked = 0 }
    local weight, most, rate, burst = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
    if it.weight == weight and it.most == most and it.rate == rate and it.burst == burst then return end
    set_line_apart(line)
    if it.rate ~= rate or it.burst ~= burst then call('HDEL', BUCKETS, line) end
    it.weight, it.most, it.rate, it.burst = weight, most, rate, burst
    write_limits(line, it)
    local credit = tonumber(call('HGET', CREDITS, line))
    if credit and it.weight < credit then call('HSET', CREDITS, line, it.weight) end
    local place = call('HGET', PLACES, line)
    if place == 'r' or place == 'f' then
        -- It may have stood aside for a limit that is gone.
        withdraw(line)
        join(line)
    end
    is_news = true
end

-- Line, and until when by the wall.
local function park()
    local line = ARGV[4]
    local it = limits_of(line) or { weight = 1, most = 0, rate = 0, burst = 0, parked = 0 }
    it.parked = math.max(it.parked, steady + tonumber(ARGV[5]) - wall)
    write_limits(line, it)
    if steady < it.parked then call('ZADD', PARKS, number(it.parked), line) end
end

local acts = { pauses = pauses, limit = limit, park = park }
acts[ARGV[3]]()
tell()
return 1
