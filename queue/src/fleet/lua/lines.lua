-- How many jobs wait and run of lines: of the one that is given, or of some that have any that wait or run, from a
-- cursor on; of those that run and were handed out together.
-- Gives the next cursor, and line, waiting and running of each.

local reply = { '0' }

local function tell_of(line, running)
    local at = #reply
    reply[at + 1], reply[at + 2], reply[at + 3] = line, waiting_in(line), running
end

local together = {}
local function count_together()
    for _, token in ipairs(call('HKEYS', CLAIMS)) do
        for _, id in ipairs(call('SMEMBERS', claim_key(token))) do
            local line = sub(call('HGET', JOBS, id) or '', 9, 24)
            together[line] = (together[line] or 0) + 1
        end
    end
end

local function running_of(line)
    return (tonumber(call('HGET', RUNNING, line)) or 0) + (together[line] or 0)
end

if ARGV[3] == 'one' then
    count_together()
    tell_of(ARGV[5], running_of(ARGV[5]))
elseif ARGV[3] == 'together' then
    count_together()
    for line in pairs(together) do
        tell_of(line, running_of(line))
    end
else
    local page = call('HSCAN', ARGV[3] == 'places' and PLACES or RUNNING, ARGV[4], 'COUNT', SHARE)
    reply[1] = page[1]
    for at = 1, #page[2], 2 do
        tell_of(page[2][at], running_of(page[2][at]))
    end
end
return reply
