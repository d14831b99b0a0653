-- Which of these ids are known: a letter for each, y or n.

local answers = {}
for at = 3, #ARGV do
    answers[at - 2] = call('HEXISTS', JOBS, ARGV[at]) == 1 and 'y' or 'n'
end
return table.concat(answers)
