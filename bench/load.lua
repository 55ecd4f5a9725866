-- What wrk sends, by the first argument behind "--". The second makes the requests of a run
-- different from those of all others; the third and the fourth are where the numbers of the
-- codes to use begin and how many there are; the fifth is a path.

local headers = {}
local n = 0

-- The n-th code, the same as benchCode in fill.go.
local symbols = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
local function code(n)
  local rest, text = n * 102334155 % 2^40, ""
  for _ = 1, 8 do
    local i = rest % 32
    text = symbols:sub(i + 1, i + 1) .. text
    rest = (rest - i) / 32
  end
  return "CODE-" .. text
end

function init(args)
  local kind, run, first, count = args[1], args[2], tonumber(args[3]), tonumber(args[4])
  math.randomseed(os.time())
  wrk.headers["Content-Type"] = "application/json"
  for name, value in pairs(wrk.headers) do headers[name] = value end
  local function one(path, body) -- without a function, wrk makes the one request once
    wrk.method, wrk.path, wrk.body = "POST", path, body
  end
  local function each(path, body)
    request = function()
      n = n + 1
      return wrk.format("POST", path, headers, body(n))
    end
  end
  if kind == "generate" then
    one("/tenant-codes/generate", '{"type":"Normal"}')
  elseif kind == "pds" then
    one("/xrpc/com.atproto.server.createInviteCode", '{"useCount":1}')
  elseif kind == "pocketbase" then
    each("/api/collections/codes/records", function(n) return '{"code":"ADD-' .. run .. '-' .. n .. '","type":"Normal"}' end)
  elseif kind == "add" then
    each("/tenant-codes/add", function(n) return '{"code":"ADD-' .. run .. '-' .. n .. '","type":"Normal"}' end)
  elseif kind == "validate" then
    each("/tenant-codes/validate", function() return '{"code":"' .. code(math.random(0, count - 1)) .. '"}' end)
  elseif kind == "redeem, one shared code" then
    each("/tenant-codes/redeem", function(n) return '{"code":"SHARED","userId":"' .. run .. '-' .. n .. '"}' end)
  elseif kind == "redeem, one code each" then
    -- In no order. The step is a prime that does not divide the number of codes, so each
    -- comes once.
    each("/tenant-codes/redeem", function(n)
      return '{"code":"' .. code(first + n * 7919 % count) .. '","userId":"' .. run .. '-' .. n .. '"}'
    end)
  elseif kind == "redeem, any code" then
    each("/tenant-codes/redeem", function(n)
      return '{"code":"' .. code(math.random(0, count - 1)) .. '","userId":"' .. run .. '-' .. n .. '"}'
    end)
  elseif kind == "list" then
    wrk.path = args[5]
  else
    error("no such kind of request: " .. kind)
  end
end

function done(summary, latency)
  local e = summary.errors
  io.write(string.format('SUMMARY {"Requests":%d,"Micros":%d,"Errors":%d,"NotOK":%d,"P50":%f,"P99":%f}\n',
    summary.requests, summary.duration, e.connect + e.read + e.write + e.timeout, e.status,
    latency:percentile(50), latency:percentile(99)))
end
