-- Requests for wrk: each body differs, and the load ends by itself after an exact number of answers.
-- Arguments: folder, requests, connections, bytes of each body that are taken from the corpus, number of the first request,
-- number of requests after which the bodies begin anew (0: never).

local ffi = require("ffi")
ffi.cdef("struct moment { long seconds, nanos; }; int clock_gettime(int clock, struct moment *now);")

local function read(path)
  local file = assert(io.open(path, "rb"))
  local content = file:read("*a")
  file:close()
  return content
end

local function now()
  local moment = ffi.new("struct moment")
  ffi.C.clock_gettime(1, moment)
  return tonumber(moment.seconds) + tonumber(moment.nanos) / 1e9
end

local watched

function setup(thread)
  watched = thread
end

function init(args)
  local folder = args[1]
  total, connections, length, number = tonumber(args[2]), tonumber(args[3]), tonumber(args[4]), tonumber(args[5])
  different = tonumber(args[6])
  head, prefix, suffix = read(folder .. "/head"), read(folder .. "/prefix"), read(folder .. "/suffix")
  corpus = read(folder .. "/corpus")
  asked, idle, began, ended = -1, 0, 0, 0
end

function request()
  -- wrk asks once before it begins, and does not send what it gets.
  if asked == 0 then began = now() end
  if asked == total then
    idle = idle + 1
    if idle == connections then
      ended = now()
      io.stdout:write("finished\n")
      io.stdout:flush()
      wrk.thread:stop()
    end
    return ""
  end
  asked = asked + 1
  number = number + 1
  if different > 0 then number = number % different end
  -- A large odd step, so that no two requests near each other take the same piece.
  local from = (number * 1000003) % (#corpus - length + 1)
  return head .. prefix .. string.format("%012d ", number) .. corpus:sub(from + 1, from + length) .. suffix
end

function done(summary, latency, requests)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  print(string.format(
    'figures {"requests": %d, "failed": %d, "seconds": %.6f, "p50": %.1f, "p99": %.1f}',
    summary.requests, failed, watched:get("ended") - watched:get("began"), latency:percentile(50), latency:percentile(99)
  ))
end
