-- Takes what became of jobs: how many completed ones are kept, then id, token and verdict for each.
-- Gives a letter for each: w for written, l for lost.
--
-- A verdict is a letter and what belongs to it: c; r, milliseconds, a line's end, the error; s and milliseconds;
-- d and the error; x; l.

local kept_max = tonumber(ARGV[3])
local count = (#ARGV - 3) / 3
local ids, current, answers = {}, {}, {}
for at = 1, count do
    ids[at] = ARGV[3 * at + 1]
end
for at, text in ipairs(call('HMGET', STATE, unpack(ids))) do
    current[ids[at]] = text
end

local lost = 0
local states, completed, settled = {}, {}, {}
local ended_of, ended_order = {}, {}
local head = COMPLETED_S .. pack('>dd', wall, 0)

local function ends(line)
    if not ended_of[line] then
        ended_of[line] = 0
        ended_order[#ended_order + 1] = line
    end
    ended_of[line] = ended_of[line] + 1
end

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

for at, id in ipairs(ids) do
    local text, token, verdict = current[id], ARGV[3 * at + 2], ARGV[3 * at + 3]
    if not text or byte(text, 1) ~= byte(RUNNING_S) or sub(text, 10, 17) ~= token then
        answers[at] = 'l'
        if text then lost = lost + 1 end
    else
        answers[at] = 'w'
        current[id] = false
        local line = sub(text, 38, 53)
        ends(line)
        if verdict == 'c' and byte(text, 36) == 0 then
            -- What is done most is done all at once: the state but for its beginning stays as it is.
            states[#states + 1], states[#states + 2] = id, head .. sub(text, 18, 53)
            completed[#completed + 1] = id
        else
            settle(read(id, text), verdict)
        end
        settled[#settled + 1] = id
    end
end

if 0 < #settled then call('ZREM', LEASES, unpack(settled)) end

if 0 < #completed then
    call('HSET', STATE, unpack(states))
    call('RPUSH', COMPLETED, unpack(completed))
end
for _, line in ipairs(ended_order) do
    ended(line, ended_of[line])
end
if 0 < lost then call('HINCRBY', META, 'leases_lost', lost) end
-- As many are forgotten as there came, and some more if there are too many: what is kept does not grow.
local surplus = call('LLEN', COMPLETED) - kept_max
if 0 < surplus then forget(call('LPOP', COMPLETED, math.min(surplus, SHARE))) end
tell()
return table.concat(answers)
