#!/bin/sh
# Which session id a Cookie header means depends on who reads it.
#
# PHP 8.5.1 as WebAssembly (@php-wasm/node-8-5 3.0.42), @edge-runtime/cookies 6.0.0 (the one inside Next.js), cookie 1.1.1 (SvelteKit,
# React Router, Express's cookie-parser), cookies 0.9.2 (Koa), hono 4.13.19, cookie-es 3.1.1 (h3), all from npm. About 80 MB in a temporary
# folder, removed at the end. Needs Node 20 or later.
# Source: RFC 6265. By section 5.4 a browser sends the cookie of the longer path first. By section 4.2.2 servers should not rely on that
# order. No section says which of two cookies of one name counts.
#
# A site that has moved its session cookie from /app to / has browsers that send both for a while. PHP, cookie, cookies, hono and
# cookie-es then take the first, the one of the longer path. @edge-runtime/cookies takes the last. So a page of Next.js and a page of PHP
# in one cluster see two logins. They also differ about a cookie without "=", which is empty for PHP, missing for four and the text "true" for
# @edge-runtime/cookies; about quotes, which cookies and hono take off; about %2C, which only cookies leaves; and about a space before
# "=", where PHP means another variable, sid_.
#
# Output seen:
#   sid=first; sid=last   php first | @edge-runtime/cookies last | cookie first | cookies first | hono first | cookie-es first
#   sid; a=1              php (empty) | @edge-runtime/cookies true | cookie - | cookies - | hono - | cookie-es -
#   sid="q"               php "q" | @edge-runtime/cookies "q" | cookie "q" | cookies q | hono q | cookie-es "q"
#   sid=a%2Cb             php a,b | @edge-runtime/cookies a,b | cookie a,b | cookies a%2Cb | hono a,b | cookie-es a,b
#   sid =a                php - | @edge-runtime/cookies - | cookie a | cookies - | hono a | cookie-es a
#
# Exits 1 when that is no longer so.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y > npm.log
npm install --ignore-scripts --no-audit --no-fund @php-wasm/node-8-5@3.0.42 @edge-runtime/cookies@6.0.0 cookie@1.1.1 cookies@0.9.2 \
  hono@4.13.19 cookie-es@3.1.1 >> npm.log 2>&1

cat > run.mjs <<'JS'
import { loadPHPRuntime, PHP } from '@php-wasm/universal';
import { getPHPLoaderModule } from '@php-wasm/node-8-5';
import { RequestCookies } from '@edge-runtime/cookies';
import * as cookie from 'cookie';
import * as cookieEs from 'cookie-es';
import Cookies from 'cookies';
import { parse } from 'hono/utils/cookie';

const php = new PHP(await loadPHPRuntime(await getPHPLoaderModule(), {}));
const code = '<?php echo json_encode($_COOKIE["sid"] ?? null);';
const readers = {
  php: async (header) => JSON.parse((await php.run({ code, headers: { Cookie: header } })).text),
  '@edge-runtime/cookies': (header) => new RequestCookies(new Headers({ cookie: header })).get('sid')?.value,
  cookie: (header) => cookie.parseCookie(header).sid,
  cookies: (header) => new Cookies({ headers: { cookie: header }, connection: {} }, {}).get('sid'),
  hono: (header) => parse(header).sid,
  'cookie-es': (header) => cookieEs.parse(header).sid,
};
for (const header of ['sid=first; sid=last', 'sid; a=1', 'sid="q"', 'sid=a%2Cb', 'sid =a']) {
  const answers = [];
  for (const [name, read] of Object.entries(readers)) {
    const value = await read(header);
    answers.push(`${name} ${value === '' ? '(empty)' : (value ?? '-')}`);
  }
  console.log(header.padEnd(21), answers.join(' | '));
}
process.exit(0);
JS

cat > expected <<'TEXT'
sid=first; sid=last   php first | @edge-runtime/cookies last | cookie first | cookies first | hono first | cookie-es first
sid; a=1              php (empty) | @edge-runtime/cookies true | cookie - | cookies - | hono - | cookie-es -
sid="q"               php "q" | @edge-runtime/cookies "q" | cookie "q" | cookies q | hono q | cookie-es "q"
sid=a%2Cb             php a,b | @edge-runtime/cookies a,b | cookie a,b | cookies a%2Cb | hono a,b | cookie-es a,b
sid =a                php - | @edge-runtime/cookies - | cookie a | cookies - | hono a | cookie-es a
TEXT
node run.mjs > seen
cat seen
cmp -s seen expected || { echo 'That has changed.'; exit 1; }
