// PostGraphile 5 as its documentation sets it up for speed: no GraphiQL, no extra plugins, one process.
//   node postgraphile.mjs <connection string>      prints the port it listens on
import { createServer } from 'node:http'
import { postgraphile } from 'postgraphile'
import { PostGraphileAmberPreset } from 'postgraphile/presets/amber'
import { makePgService } from 'postgraphile/adaptors/pg'
import { grafserv } from 'postgraphile/grafserv/node'

const preset = {
  extends: [PostGraphileAmberPreset],
  pgServices: [makePgService({ connectionString: process.argv[2], schemas: ['bench'], poolConfig: { max: 10 } })],
  grafast: { context: (requestContext) => ({ pgSettings: { 'app.tenant': requestContext.node.req.headers['x-tenant'] } }) },
  grafserv: { graphqlPath: '/graphql', graphiql: false, websockets: false },
}
const instance = postgraphile(preset)
const server = createServer()
const served = instance.createServ(grafserv)
await served.addTo(server)
server.listen(0, '127.0.0.1', () => console.log(server.address().port))
