-- Where jobs are: a letter for each id, as states have them, or - for one that is not known.

local ids, letters, unsure = {}, {}, {}
for at = 3, #ARGV do
    ids[at - 2] = ARGV[at]
end
for at, text in ipairs(call('HMGET', STATE, unpack(ids))) do
    if text then
        letters[at] = sub(text, 1, 1)
    elseif call('HEXISTS', JOBS, ids[at]) == 1 then
        letters[at] = READY_S
        unsure[#unsure + 1] = at
    else
        letters[at] = '-'
    end
end
if 0 < #unsure then
    local completed = all_completed()
    for _, at in ipairs(unsure) do
        if completed[ids[at]] then letters[at] = COMPLETED_S end
    end
    for _, token in ipairs(call('HKEYS', CLAIMS)) do
        for at, is_there in ipairs(call('SMISMEMBER', claim_key(token), unpack(ids))) do
            if is_there == 1 then letters[at] = RUNNING_S end
        end
    end
end
return table.concat(letters)
