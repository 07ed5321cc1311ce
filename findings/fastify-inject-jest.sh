#!/bin/sh
# Fastify's inject() in a CommonJS test of Jest, on Node 20.
#
# fastify 5.12.8 and jest 30.5.2 from npm (about 40 MB in a temporary folder, removed at the end). Needs Node 20 or 22: Jest loads ES
# modules by require() itself from Node 24.9 on.
# Source: light-my-request, a dependency of Fastify, requires cookie, of which it gets a version that is an ES module alone.
#
# Fastify is CommonJS, and inject() is how its own documentation tests an application. In Node both work, as Node 20.19 can require() an ES
# module. Jest 30 has a module loader of its own, which cannot. The failure comes late: require('fastify') works, an application starts and
# listens, and only the first inject() fails, as Fastify loads light-my-request then. A request over a port of the same application works.
#
# Output seen:
#   node: inject 200 well
#   jest: listen 200 well
#   jest: inject Must use import to load ES Module
#
# Exits 1 when that is no longer so.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y > npm.log
npm install --ignore-scripts --no-audit --no-fund fastify@5.12.8 jest@30.5.2 >> npm.log 2>&1

cat > app.js <<'JS'
module.exports = () => {
  const app = require('fastify')();
  app.get('/', async () => 'well');
  return app;
};
JS

cat > run.js <<'JS'
require('./app.js')()
  .inject('/')
  .then(({ statusCode, body }) => console.log(`node: inject ${statusCode} ${body}`));
JS

cat > app.test.js <<'JS'
const { appendFileSync } = require('node:fs');
const say = (line) => appendFileSync('seen', `${line}\n`);

test('inject() and a request', async () => {
  const app = require('./app.js')();
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  const response = await fetch(url, { headers: { connection: 'close' } });
  say(`jest: listen ${response.status} ${await response.text()}`);
  try {
    const { statusCode, body } = await app.inject('/');
    say(`jest: inject ${statusCode} ${body}`);
  } catch (error) {
    say(`jest: inject ${error.message.split(':')[0]}`);
  }
  await app.close();
});
JS

node run.js > seen
npx jest --forceExit > jest.log 2>&1 || true
cat > expected <<'TEXT'
node: inject 200 well
jest: listen 200 well
jest: inject Must use import to load ES Module
TEXT
cat seen
cmp -s seen expected || { echo 'That has changed.'; exit 1; }
