// The page of pages/counter.php once more, for Node.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import Koa from 'koa';
import { phpSession } from 'php-session-bridge/koa';
import { mysqlStore } from 'php-session-bridge/mysql';

const { name, host, port, database, table, tls } = JSON.parse(process.env.COUNTER ?? '');

const app = new Koa();
app.use(phpSession({ store: mysqlStore({ connection: database, table }), useStrictMode: true, cookieSecure: !!tls }));
app.use((ctx) => {
  if (ctx.path !== '/counter.php') return;
  ctx.set('X-Served-By', name);
  ctx.session.count = (ctx.session.count ?? 0) + 1;
  ctx.session.foo = 'bar';
  ctx.type = 'html';
  ctx.body = `<html>
<head><title>Session test</title><link rel="icon" href="data:,"></head>
<body>
<p>You have seen this page <b>${ctx.session.count}</b> times.</p>
<form action="/counter.php"><input type="submit" value="Once more"></form>
</body>
</html>
`;
});

const server = tls
  ? createSecureServer({ key: readFileSync(tls.key), cert: readFileSync(tls.certificate) }, app.callback())
  : createServer(app.callback());
server.listen(port, host);
