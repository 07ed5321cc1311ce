import { writeFileSync } from 'node:fs';

/**
 * Writes the proxy's configuration: `/php/ACTION` goes to PHP-FPM, `/node/ACTION` to the next Node server in turn.
 *
 * @param {string} file
 * @param {object} storm
 * @param {number} storm.port
 * @param {string} storm.socket of PHP-FPM
 * @param {string} storm.script that answers every request there
 * @param {readonly number[]} storm.nodePorts
 */
export function writeProxyConfiguration(file, { port, socket, script, nodePorts }) {
  writeFileSync(
    file,
    `
global
  nbthread 1
  log stdout format raw local0 notice

defaults
  log global
  mode http
  timeout connect 2s
  timeout client 60s
  timeout server 60s
  timeout check 2s
  # A dead server is known within 0.2 s and a frozen one within 4 s; what waits for it then gets a 502 or 503.
  default-server inter 200ms fastinter 100ms downinter 200ms fall 2 rise 1 on-marked-down shutdown-sessions
  retries 3
  option redispatch 1
  # Only what never reached a server is sent again: a request may have counted already.
  retry-on conn-failure
  # A new connection a request: a server that ends an idle one at the wrong moment would fail a request.
  option http-server-close

fcgi-app pages
  docroot /
  set-param SCRIPT_FILENAME ${quoted(script)}
  set-param SCRIPT_NAME /index.php
  # A worker that waits on an idle connection serves nobody else.
  no option keep-conn

frontend storm
  bind 127.0.0.1:${port}
  http-request set-var(txn.side) path,field(2,/)
  http-request replace-path /[^/]+(/.*) \\1
  use_backend php if { var(txn.side) -m str php }
  default_backend node

backend php
  use-fcgi-app pages
  server php-fpm unix@${socket} proto fcgi

backend node
  balance roundrobin
  option httpchk GET /health
  # 404: a server that is going to end. It gets nothing new, and keeps what it has.
  http-check disable-on-404
${nodePorts.map((port) => `  server node-${port} 127.0.0.1:${port} check`).join('\n')}
`,
  );
}

/**
 * A text in HAProxy's configuration (its manual, "Quoting and escaping" and "Custom log format").
 *
 * @param {string} text
 */
function quoted(text) {
  return `'${text.replaceAll('%', '%%').replaceAll("'", String.raw`'\''`)}'`;
}
