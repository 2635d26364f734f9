/**
 * What runs inside Redis. A script is atomic: it reads and writes with nobody between, and replicas and the AOF get all
 * of it or nothing. It is not rolled back, though, so nothing may fail once it has written: what could (memory, disk,
 * replica) is checked by Redis at a script's first write, and what is in the keys by `check` below.
 *
 * A bucket has five keys. All ids and texts are bytes here; numbers stay text, and are compared as doubles, which
 * are exact up to 2^53.
 *
 * - records, a hash: user id to `version \n facts \n steps \n record`
 * - index, a sorted set in the order of bytes: `u` user NUL facts, and each step (what is counted) before the user id; of
 *   events, `m` when user NUL event id, where something moved, and `h` time user NUL event id, where a run begins
 * - events, a sorted set in the order of bytes: user NUL event id NUL when NUL event; `when` is a time in sixteen digits,
 *   and after them what moved
 * - applied, a list: the names of the last calls that wrote
 * - pruned, a text: the latest time before which events were deleted
 *
 * Pruning finds old events by runs: a user's events, in the order of their ids, which is that of the saves, up to one that
 * is earlier than the one before it. Only where a run begins is in the index: one member a user, and one more each time
 * that the clock went back. All events in an index by time would take 144 bytes more for each, on top of some 290.
 *
 * No user id holds NUL. Lua's own comparison of texts follows a locale, that of sorted sets does not.
 */

/** A server that may forget what it was told is refused at the first use, and when it does not know a script. */
const CHECK_SERVER = `
local memory = redis.call('INFO', 'memory')
if not memory:find('maxmemory:0\\r', 1, true) and not memory:find('maxmemory_policy:noeviction', 1, true) then
  return redis.error_reply('EVICTS keys, or does not tell')
end
if redis.call('INFO', 'replication'):find('role:slave', 1, true) then
  return redis.error_reply('READONLY replica')
end`

/** Each script below is called with all keys of a bucket, and with 'check' or nothing as the first value. */
const CHECK = `if ARGV[1] == 'check' then${CHECK_SERVER}
  for at, kind in ipairs({'hash', 'zset', 'zset', 'list', 'string'}) do
    local found = redis.call('TYPE', KEYS[at]).ok
    if found ~= kind and found ~= 'none' then return redis.error_reply('WRONGTYPE key') end
  end
end
`

/** How many of a bucket's writes are remembered: what a client sends again after reconnecting comes within moments. */
const REMEMBERED = 100

/** Of user ARGV[2]: the stored version (false where there is no record), facts and steps. */
const HEAD = `local user = ARGV[2]
local stored = redis.call('HGET', KEYS[1], user)
local current, facts, steps = false, '', ''
if stored then current, facts, steps = stored:match('^([^\\n]*)\\n([^\\n]*)\\n([^\\n]*)\\n') end
`

/**
 * Each write begins with its user, the expected version or '', and the name of this very call. A client that reconnects
 * may send again what was applied already, and by then another may have written: the name tells, and what it did is the
 * answer, not a conflict.
 */
const WAS_APPLIED = `redis.call('LPOS', KEYS[4], ARGV[4])`
const REMEMBER = `redis.call('LPUSH', KEYS[4], ARGV[4])
redis.call('LTRIM', KEYS[4], 0, ${REMEMBERED - 1})
`

const UNINDEX = `if stored then
    redis.call('ZREM', KEYS[2], 'u' .. user .. '\\0' .. facts)
    for step in steps:gmatch('%S+') do redis.call('ZREM', KEYS[2], step .. user) end
  end
`

/**
 * Of an event: its key, which is user NUL event id, its time and what moved; of anything else, something. Digits compare as
 * numbers do, whatever the locale.
 */
const PARTS = `local function parts(event) return event:match('^(%Z*%z?%Z*)%z?(%d*)(%Z*)') end
`

/** Deletes events that follow each other, and what the index has of them. */
const FORGET = `${PARTS}local function forget(events)
  if #events == 0 then return end
  local indexed = {}
  for _, event in ipairs(events) do
    local key, time, moved = parts(event)
    indexed[#indexed + 1] = 'h' .. time .. key
    if moved ~= '' then indexed[#indexed + 1] = 'm' .. time .. moved .. key end
  end
  redis.call('ZREM', KEYS[2], unpack(indexed))
  redis.call('ZREMRANGEBYLEX', KEYS[3], '[' .. events[1], '[' .. events[#events])
end
`

/** Makes or knows the number of buckets, and answers the digests of the other scripts after it. */
export const OPEN: string = `${CHECK_SERVER}
local answer = {redis.call('GET', KEYS[1])}
if not answer[1] then
  redis.call('SET', KEYS[1], ARGV[1])
  answer[1] = ARGV[1]
end
for at = 2, #ARGV do answer[at] = redis.sha1hex(ARGV[at]) end
return answer
`

/** What is stored of each user: user... */
const READ = `${CHECK}
return redis.call('HMGET', KEYS[1], unpack(ARGV, 2))
`

/** Compare and set: user, expected version, call, version, facts, steps, record, event... */
const SAVE = `${CHECK}${HEAD}${PARTS}
local version = ARGV[5]
if current ~= (ARGV[3] ~= '' and ARGV[3]) then
  return (current == version or ${WAS_APPLIED}) and 'saved' or 'conflict'
end
local latest = nil
if #ARGV > 8 then
  local last = redis.call('ZREVRANGEBYLEX', KEYS[3], '(' .. user .. '\\1', '[' .. user .. '\\0', 'LIMIT', 0, 1)[1]
  if last then latest = select(2, parts(last)) end
end
redis.call('HSET', KEYS[1], user, version .. '\\n' .. ARGV[6] .. '\\n' .. ARGV[7] .. '\\n' .. ARGV[8])
if facts ~= ARGV[6] or steps ~= ARGV[7] then
  ${UNINDEX}
  redis.call('ZADD', KEYS[2], 0, 'u' .. user .. '\\0' .. ARGV[6])
  for step in ARGV[7]:gmatch('%S+') do redis.call('ZADD', KEYS[2], 0, step .. user) end
end
for at = 9, #ARGV do
  local event = user .. '\\0' .. ARGV[at]
  local key, time, moved = parts(event)
  redis.call('ZADD', KEYS[3], 0, event)
  if not latest or time < latest then redis.call('ZADD', KEYS[2], 0, 'h' .. time .. key) end
  if moved ~= '' then redis.call('ZADD', KEYS[2], 0, 'm' .. time .. moved .. key) end
  latest = time
end
${REMEMBER}
return 'saved'
`

/** Compare and delete: user, expected version, call. */
const REMOVE = `${CHECK}${HEAD}${FORGET}
if not current or current ~= ARGV[3] then return ${WAS_APPLIED} and 'removed' or 'conflict' end
redis.call('HDEL', KEYS[1], user)
${UNINDEX}
local from, to = '[' .. user .. '\\0', '(' .. user .. '\\1'
repeat
  local events = redis.call('ZRANGEBYLEX', KEYS[3], from, to, 'LIMIT', 0, 1000)
  forget(events)
until #events < 1000
${REMEMBER}
return 'removed'
`

/**
 * The users in a range of the index who meet all conditions: range (2), how many are wanted, how many are looked at,
 * then of each condition the position of its fact, its kind and its instant. Answers the last user looked at, or '' at
 * the end of the range, and then the users. The kinds are those of `Condition`; what a phase is, is not known here.
 */
const SCAN = `${CHECK}
local kinds = {
  is = function(fact, than) return fact == than end,
  set = function(fact) return fact ~= nil end,
  ['not-set'] = function(fact) return fact == nil end,
  after = function(fact, than) return fact ~= nil and fact > than end,
  ['not-after'] = function(fact, than) return fact == nil or fact <= than end,
  before = function(fact, than) return fact ~= nil and fact < than end,
  ['not-before'] = function(fact, than) return fact ~= nil and fact >= than end,
}
local conditions, facts = {}, 0
for at = 6, #ARGV, 3 do
  local position = tonumber(ARGV[at])
  conditions[#conditions + 1] = {position + 1, kinds[ARGV[at + 1]], tonumber(ARGV[at + 2])}
  facts = math.max(facts, position)
end
-- The user, and the facts up to the last that is asked for.
local parts = '^u(%Z*)%z' .. ('([^,]*),'):rep(facts)
local function meets(found)
  for _, condition in ipairs(conditions) do
    if not condition[2](tonumber(found[condition[1]]), condition[3]) then return false end
  end
  return true
end
local wanted, left, from = tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[2]
local answer = {''}
-- Where most are let through, few have to be looked at: more and more at a time.
local some = wanted + 1
while true do
  some = math.min(some, left)
  local members = redis.call('ZRANGEBYLEX', KEYS[2], from, ARGV[3], 'LIMIT', 0, some)
  for _, member in ipairs(members) do
    local found = {member:match(parts)}
    left = left - 1
    if meets(found) then answer[#answer + 1] = found[1] end
    if #answer > wanted or left == 0 then
      answer[1] = found[1]
      return answer
    end
  end
  if #members < some then return answer end
  from = '(' .. members[some]
  some = some * 2
end
`

/** How many members of the index are in each range: (from, to)... */
const COUNT = `${CHECK}
local answer = {}
for at = 2, #ARGV, 2 do answer[#answer + 1] = redis.call('ZLEXCOUNT', KEYS[2], ARGV[at], ARGV[at + 1]) end
return answer
`

/** Members of the index in a range: from, to, how many. */
const DUE = `${CHECK}
return redis.call('ZRANGEBYLEX', KEYS[2], ARGV[2], ARGV[3], 'LIMIT', 0, ARGV[4])
`

/** Members of the index in a range, backwards: from, down to, how many. */
const MOVEMENTS = `${CHECK}
return redis.call('ZREVRANGEBYLEX', KEYS[2], ARGV[2], ARGV[3], 'LIMIT', 0, ARGV[4])
`

/** Events in a range: from, to, how many. */
const HISTORY = `${CHECK}
return redis.call('ZRANGEBYLEX', KEYS[3], ARGV[2], ARGV[3], 'LIMIT', 0, ARGV[4])
`

/**
 * Deletes events of before a time, at most so many, and answers how many they were; that it is done is known with the
 * first. Redis refuses for want of memory a script whose first write may need some. This one makes room, so its first write
 * is one that never does.
 */
const PRUNE = `${CHECK}${FORGET}
local before, limit, removed = ARGV[2], tonumber(ARGV[3]), 0
local pruned = redis.call('GET', KEYS[5])
redis.call('ZREM', KEYS[2], '')
redis.call('SET', KEYS[5], pruned and pruned > before and pruned or before)
for _, head in ipairs(redis.call('ZRANGEBYLEX', KEYS[2], '[h', '(h' .. before, 'LIMIT', 0, limit)) do
  if removed == limit then break end
  local key = head:sub(18)
  local from, to = '[' .. key .. '\\0', '(' .. key:match('^%Z*') .. '\\1'
  -- Where few are old, few have to be looked at: more and more at a time.
  local some, first = 1, nil
  repeat
    some = some * 2
    local old = {}
    for _, event in ipairs(redis.call('ZRANGEBYLEX', KEYS[3], from, to, 'LIMIT', 0, some)) do
      local own, time = parts(event)
      if time >= before or removed == limit then
        first = 'h' .. time .. own
        break
      end
      old[#old + 1] = event
      removed = removed + 1
    end
    forget(old)
  until first or #old < some
  -- What is left of the run begins here.
  if first then redis.call('ZADD', KEYS[2], 0, first) end
end
return removed
`

/** The time before which events were deleted. */
const PRUNED = `${CHECK}
return redis.call('GET', KEYS[5])
`

/** What can be run in a bucket. */
export type ScriptName =
  | 'read'
  | 'save'
  | 'remove'
  | 'scan'
  | 'count'
  | 'due'
  | 'movements'
  | 'history'
  | 'prune'
  | 'pruned'

/** The scripts by what they do. */
export const SCRIPTS: Readonly<Record<ScriptName, string>> = {
  read: READ,
  save: SAVE,
  remove: REMOVE,
  scan: SCAN,
  count: COUNT,
  due: DUE,
  movements: MOVEMENTS,
  history: HISTORY,
  prune: PRUNE,
  pruned: PRUNED,
}
