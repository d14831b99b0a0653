-- What is known of jobs: record, state and error of each id, or nothing.

local ids, seen = {}, {}
for at = 3, #ARGV do
    ids[at - 2] = ARGV[at]
end
local records, texts, problems =
    call('HMGET', JOBS, unpack(ids)), call('HMGET', STATE, unpack(ids)), call('HMGET', ERRORS, unpack(ids))
for at = 1, #ids do
    seen[3 * at - 2], seen[3 * at - 1], seen[3 * at] = records[at], texts[at], problems[at]
end
return seen
