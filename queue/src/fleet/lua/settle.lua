-- Takes what became of jobs: how many completed ones are kept; how many claims there are of which jobs that were handed
-- out together are done, for each its token and their ids in one text, none of them twice; then id, token and verdict
-- of each other job.
-- Gives a letter for each: w for written, l for lost.
--
-- A verdict is a letter and what belongs to it: c; r, milliseconds, a line's end, the error; s and milliseconds;
-- d and the error; x; l.

local kept_max, claims = tonumber(ARGV[3]), tonumber(ARGV[4])
local answers, lost = {}, 0
local completed = {}
local ended_of = {}

local function settle(job, verdict)
    local letter, rest = sub(verdict, 1, 1), sub(verdict, 2)
    local stops = has(job.flags, CANCELLING)
    if letter == 'c' then return finish(job, COMPLETED_S) end
    if letter == 'd' then return finish(job, DEAD_S, rest) end
    if letter == 'r' then
        local after, problem = string.match(rest, '^(%d+)\n(.*)$')
        if stops then return finish(job, CANCELLED_S, problem) end
        call('HSET', ERRORS, job.id, problem)
        job.flags, job.rescues = without(job.flags, IS_ALONE), 0
        return schedule(job, wall + tonumber(after))
    end
    if stops or letter == 'x' then return finish(job, CANCELLED_S) end
    job.attempt = job.attempt - 1
    if letter == 's' then
        job.flags, job.rescues, job.snoozes = without(job.flags, IS_ALONE), 0, job.snoozes + 1
        return schedule(job, wall + tonumber(rest))
    end
    make_ready(job, job.turn)
end

-- The job of an answer, if it is the one to give it.
local function held(id, token)
    if call('SREM', claim_key(token), id) == 1 then
        local job = begun_together(id, token)
        close_claim(token)
        return job
    end
    local text = call('HGET', STATE, id)
    if text and byte(text, 1) == byte(RUNNING_S) and sub(text, 10, 17) == token then
        count_one(ended_of, sub(text, 38, 53))
        call('ZREM', LEASES, id)
        return read(id, text)
    end
    if call('HEXISTS', JOBS, id) == 1 then lost = lost + 1 end
end

local function answer(id, token, verdict)
    local job = held(id, token)
    if job then settle(job, verdict) end
    answers[#answers + 1] = job and 'w' or 'l'
end

-- Jobs of a claim of which some were lost, or set apart since.
local function sort_out(ids, token, there)
    for place, id in ipairs(ids) do
        if there[place] == 1 then
            completed[#completed + 1] = id
            answers[#answers + 1] = 'w'
        else
            answer(id, token, 'c')
        end
    end
end

local at = 5
for _ = 1, claims do
    local token, text = ARGV[at], ARGV[at + 1]
    local ids = {}
    for place = 1, #text, 16 do
        ids[#ids + 1] = sub(text, place, place + 15)
    end
    at = at + 2
    local key = claim_key(token)
    local there, all_there = call('SMISMEMBER', key, unpack(ids)), true
    for _, is_there in ipairs(there) do
        all_there = all_there and is_there == 1
    end
    call('SREM', key, unpack(ids))
    if all_there then
        note_completed(text)
        answers[#answers + 1] = string.rep('w', #ids)
    else
        sort_out(ids, token, there)
    end
    close_claim(token)
end
while at < #ARGV do
    answer(ARGV[at], ARGV[at + 1], ARGV[at + 2])
    at = at + 3
end

if 0 < #completed then note_completed(table.concat(completed)) end
for _, line in ipairs(ended_of) do
    ended(line, ended_of[line])
end
if 0 < lost then call('HINCRBY', META, 'leases_lost', lost) end
-- As many are forgotten as there came, and some more if there are too many: what is kept does not grow.
local surplus = math.min(count_completed() - kept_max, 2 * SHARE)
while 0 < surplus do
    surplus = surplus - forget_first_completed()
end
tell()
return table.concat(answers)
