wrk.method = "POST"
wrk.body = '{"type":"Normal"}'
wrk.headers["Content-Type"] = "application/json"

function done(summary, latency)
  local e = summary.errors
  io.write(string.format('SUMMARY {"Requests":%d,"Micros":%d,"Errors":%d,"NotOK":%d,"P50":%f,"P99":%f}\n',
    summary.requests, summary.duration, e.connect + e.read + e.write + e.timeout, e.status,
    latency:percentile(50), latency:percentile(99)))
end
