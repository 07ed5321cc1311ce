#!/bin/sh
# Who hears 'drain' of an answer that compression packs.
#
# express 5.3.0 and compression 1.8.2 from npm (about 5 MB in a temporary folder, removed at the end). Needs Node 20 or later.
# Source: compression replaces res.on(), and hands listeners of 'drain' to the stream of zlib.
#
# For a handler, res is the answer it writes to, so a middleware that holds an answer back for a moment and lets it go on would emit 'drain'
# on res. With compression in the chain nobody hears that: res.on('drain') puts the listener on a stream that is not res, and returns that
# stream. That holds for listeners from before the headers too, which compression keeps until it knows whether it packs. A pipe that waits
# for 'drain' then waits for ever, without an error. Answers that are not packed are not concerned.
#
# Output seen:
#   packed: on() returns res false, emit on res is heard 0 times, on what on() returned 1 time
#   plain: on() returns res true, emit on res is heard 1 time
#
# Exits 1 when that is no longer so.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y > npm.log
npm install --ignore-scripts --no-audit --no-fund express@5.3.0 compression@1.8.2 >> npm.log 2>&1

cat > run.js <<'JS'
const express = require('express');
const compression = require('compression');

const times = (n) => `${n} time${n === 1 ? '' : 's'}`;
const app = express();
app.use(compression({ threshold: 0 }));
app.get('/', (req, res) => {
  res.type('text').write('some text');
  let heard = 0;
  const target = res.on('drain', () => heard++);
  res.emit('drain');
  const onRes = heard;
  let line = `on() returns res ${target === res}, emit on res is heard ${times(onRes)}`;
  if (target !== res) {
    target.emit('drain');
    line += `, on what on() returned ${times(heard - onRes)}`;
  }
  res.end(line);
});
const server = app.listen(0, '127.0.0.1', async () => {
  const url = `http://127.0.0.1:${server.address().port}/`;
  for (const [name, coding] of [['packed', 'gzip'], ['plain', 'identity']]) {
    const response = await fetch(url, { headers: { 'accept-encoding': coding, connection: 'close' } });
    console.log(`${name}: ${(await response.text()).replace('some text', '')}`);
  }
  server.close();
});
JS

node run.js > seen
cat > expected <<'TEXT'
packed: on() returns res false, emit on res is heard 0 times, on what on() returned 1 time
plain: on() returns res true, emit on res is heard 1 time
TEXT
cat seen
cmp -s seen expected || { echo 'That has changed.'; exit 1; }
