-- What wrk sends, by the first argument behind "--". The second makes the requests of a run
-- different from those of all others; the third and the fourth are where the numbers of the
-- codes to use begin and how many there are; the fifth is a path.

local headers = { ["Content-Type"] = "application/json" }
local n = 0

function init(args)
  local kind, run, first, count = args[1], args[2], tonumber(args[3]), tonumber(args[4])
  local path = "/tenant-codes/" .. kind:match("^%a+")
  headers["X-Api-Key"] = wrk.headers["X-Api-Key"]
  local function post(body) return wrk.format("POST", path, headers, body) end
  if kind == "generate" then -- without a function, wrk makes the one request once
    wrk.method, wrk.path, wrk.body, wrk.headers["Content-Type"] = "POST", path, '{"type":"Normal"}', "application/json"
  elseif kind == "add" then
    request = function()
      n = n + 1
      return post('{"code":"ADD-' .. run .. '-' .. n .. '","type":"Normal"}')
    end
  elseif kind == "validate" then
    request = function() return post('{"code":"BENCH-' .. math.random(1, count) .. '"}') end
  elseif kind == "redeem, one shared code" then
    request = function()
      n = n + 1
      return post('{"code":"SHARED","userId":"' .. run .. '-' .. n .. '"}')
    end
  elseif kind == "redeem, one code each" then
    -- Codes come in no order, as random ones do. The step is a prime that does not divide the
    -- number of codes, so each comes once.
    request = function()
      n = n + 1
      return post('{"code":"BENCH-' .. (first + n * 7919 % count + 1) .. '","userId":"' .. run .. '-' .. n .. '"}')
    end
  elseif kind == "list" then
    wrk.path = args[5]
  end
end

function done(summary, latency)
  local e = summary.errors
  io.write(string.format('SUMMARY {"Requests":%d,"Micros":%d,"Errors":%d,"NotOK":%d,"P50":%f,"P99":%f}\n',
    summary.requests, summary.duration, e.connect + e.read + e.write + e.timeout, e.status,
    latency:percentile(50), latency:percentile(99)))
end
