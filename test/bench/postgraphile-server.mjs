// PostGraphile 5 as its manual sets it up, with the tenant in pgSettings. It is copied beside the packages that the bench
// installs for it, and run by their Node 24.
import { createServer } from 'node:http';
import { postgraphile } from 'postgraphile';
import { makePgService } from 'postgraphile/adaptors/pg';
import { grafserv } from 'postgraphile/grafserv/node';
import { PostGraphileAmberPreset } from 'postgraphile/presets/amber';

const [connectionString, poolSize] = process.argv.slice(2);
const server = createServer();
const instance = postgraphile({
  extends: [PostGraphileAmberPreset],
  pgServices: [makePgService({ connectionString, schemas: ['public'], poolConfig: { max: Number(poolSize) } })],
  grafserv: { watch: false, graphiql: false },
  grafast: {
    explain: false,
    context: ({ node }) => ({
      pgSettings: { role: 'bellhop_app', 'app.agency_id': node.req.headers['x-agency'] },
    }),
  },
});
instance.createServ(grafserv).addTo(server);
await instance.getSchema();
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));
process.once('disconnect', () => process.exit());
