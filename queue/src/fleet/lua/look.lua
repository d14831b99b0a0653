-- What is known of jobs: whether those without a state are known to wait, then their ids.
-- Gives record, state and error of each, or nothing.

local are_waiting = ARGV[3] == '1'
local ids, seen = {}, {}
for at = 4, #ARGV do
    ids[at - 3] = ARGV[at]
end
local records, texts, problems =
    call('HMGET', JOBS, unpack(ids)), call('HMGET', STATE, unpack(ids)), call('HMGET', ERRORS, unpack(ids))
local completed = 4 < #ids and not are_waiting and all_completed() or nil
for at, id in ipairs(ids) do
    local text = texts[at]
    if text and #text == 9 then text = written(read(id, text)) end
    if records[at] and not text and not are_waiting then text = written(locate(id, records[at], completed)) end
    seen[3 * at - 2], seen[3 * at - 1], seen[3 * at] = records[at], text, problems[at]
end
return seen
