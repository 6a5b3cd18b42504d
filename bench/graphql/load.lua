-- wrk: one GraphQL operation again and again, with fresh keys. Environment: QUERY, PATH_, TENANT_HEADER, KEYS ("point" asks
-- for one run, "nested" for a tenant's latest), ROLE_HEADER. Requests are made before: Lua would take a tenth of the CPU.
local REQUESTS = 4096
local counter, at, requests = 0, 0, {}
local query = os.getenv('QUERY')
local tenant_header = os.getenv('TENANT_HEADER')
local is_point = os.getenv('KEYS') == 'point'

function setup(thread)
  counter = counter + 1
  thread:set('seed', counter)
end

local function one()
  local tenant = math.random(1, 100)
  headers[tenant_header] = tostring(tenant)
  local variables = '{}'
  if is_point then
    variables = string.format('{"tenant":%d,"id":"%d"}', tenant, (math.random(3000, 4999) * 100) + tenant)
  end
  return wrk.format('POST', os.getenv('GRAPHQL_PATH'), headers, '{"query":"' .. query .. '","variables":' .. variables .. '}')
end

function init()
  math.randomseed(seed * 7919)
  headers = { ['content-type'] = 'application/json' }
  local role = os.getenv('ROLE_HEADER')
  if role then headers['x-hasura-role'] = role end
  for i = 1, REQUESTS do requests[i] = one() end
end

function request()
  at = at % REQUESTS + 1
  return requests[at]
end

-- Looking at answers costs the load generator more than the server: done in the round that warms up.
if os.getenv('CHECK') == 'yes' then
  function response(status, _, body)
    if status ~= 200 or body:find('"errors"', 1, true) then
      io.stderr:write(status .. ' ' .. body:sub(1, 300) .. '\n')
      os.exit(1)
    end
  end
end

function done(summary, latency)
  io.write(string.format('RESULT %.1f %.3f %.3f %.3f\n', summary.requests / summary.duration * 1e6,
    latency:percentile(50) / 1000, latency:percentile(95) / 1000, latency:percentile(99) / 1000))
end
