-- wrk: the same delivery again and again. What is not 2xx is counted by wrk itself. Environment: BODY.
wrk.method = 'POST'
wrk.headers['content-type'] = 'application/json'
wrk.body = os.getenv('BODY')

function done(summary, latency)
  local bad = summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
  io.write(string.format('RESULT %.1f %.3f %.3f %d %d\n', summary.requests / summary.duration * 1e6,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000, summary.requests, bad))
end
