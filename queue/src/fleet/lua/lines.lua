-- How many jobs wait and run of lines: of those that are given, or of some that have any, from a cursor on.
-- Gives the next cursor, and line, waiting and running of each.

local lines, cursor = {}, '0'
if ARGV[3] == '' then
    for at = 5, #ARGV do
        lines[#lines + 1] = ARGV[at]
    end
else
    local where = ARGV[3] == 'places' and PLACES or RUNNING
    local page = call('HSCAN', where, ARGV[4], 'COUNT', SHARE)
    cursor = page[1]
    for at = 1, #page[2], 2 do
        lines[#lines + 1] = page[2][at]
    end
end
local reply = { cursor }
for _, line in ipairs(lines) do
    local at = #reply
    reply[at + 1], reply[at + 2] = line, call('ZCARD', line_key(line))
    reply[at + 3] = tonumber(call('HGET', RUNNING, line)) or 0
end
return reply
