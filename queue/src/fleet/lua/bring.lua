-- What people do to jobs: cancel, retry, replay, purge. ARGV[3] says which.

local function cancel(id)
    local job = find(id)
    if not job then return 'unknown' end
    if job.state == RUNNING_S then
        if job.is_together then
            local token = pack('>d', job.token)
            set_apart(job, call('ZSCORE', LEASES, token))
            close_claim(token)
        end
        job.flags = with(job.flags, CANCELLING)
        write(job)
        return 'requested'
    end
    if job.state ~= SCHEDULED_S and job.state ~= READY_S then return 'ended' end
    leave(job)
    finish(job, CANCELLED_S)
    return 'cancelled'
end

-- A job that ended begins anew, with all its attempts; or gives the job that has its key by now.
local function bring_back(job)
    if has(job.flags, KEYED) then
        local holder = hold(job.line, key_of(call('HGET', JOBS, job.id)), job.id)
        if holder ~= job.id then return holder end
    end
    call('ZREM', job.state == DEAD_S and DEAD or CANCELLED, job.id)
    job.attempt, job.rescues, job.snoozes = 0, 0, 0
    make_ready(job, turn_of(wall, job.priority))
end

local function retry(id)
    local job = find(id)
    if not job then return { 'unknown' } end
    if job.state == SCHEDULED_S then
        call('ZREM', SCHEDULED, id)
        make_ready(job, turn_of(wall, job.priority))
        return { 'ready' }
    end
    if job.state ~= DEAD_S and job.state ~= CANCELLED_S then return { 'not_waiting' } end
    local holder = bring_back(job)
    if holder then return { 'duplicate', holder } end
    return { 'ready' }
end

-- Goes through dead jobs, oldest first: tenant's line or nothing, name or nothing, how many at most, how many are
-- to be passed over. Gives how many were done, how many are to be passed over next, and whether that was all.
local function go_through(act)
    local line, name, max, skip = ARGV[4], ARGV[5], tonumber(ARGV[6]), tonumber(ARGV[7])
    local ids = call('ZRANGE', DEAD, skip, skip + SHARE - 1)
    local done = 0
    for _, id in ipairs(ids) do
        if max <= done then return { done, skip, 1 } end
        local job = find(id)
        local is_meant = job and (line == '' or job.line == line)
            and (name == '' or name_of(call('HGET', JOBS, id)) == name)
        if is_meant and act(job) then
            done = done + 1
        else
            skip = skip + 1
        end
    end
    return { done, skip, #ids < SHARE and 1 or 0 }
end

local acts = {
    cancel = function() return cancel(ARGV[4]) end,
    retry = function() return retry(ARGV[4]) end,
    replay = function()
        return go_through(function(job) return not bring_back(job) end)
    end,
    purge = function()
        return go_through(function(job)
            call('ZREM', DEAD, job.id)
            forget({ job.id })
            return true
        end)
    end,
}
local result = acts[ARGV[3]]()
tell()
return result
