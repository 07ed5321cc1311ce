import { configureHaproxy, failover, quoted } from '../services/haproxy.mjs';

/**
 * Writes the proxy's configuration: `/php/ACTION` goes to PHP-FPM, `/node/ACTION` to the next Node server in turn.
 *
 * @param {string} file
 * @param {object} storm
 * @param {number} storm.port
 * @param {string} storm.socket of PHP-FPM
 * @param {string} storm.script that answers every request there
 * @param {readonly number[]} storm.nodePorts
 * @returns the process
 */
export function configureProxy(file, { port, socket, script, nodePorts }) {
  return configureHaproxy(file, {
    timeout: 60,
    defaults: `${failover}
  # What waits for a server that is frozen gets a 502 or 503 within 4 s.
  default-server on-marked-down shutdown-sessions
`,
    sections: `
fcgi-app pages
  docroot /
  set-param SCRIPT_FILENAME ${quoted(script)}
  set-param SCRIPT_NAME /index.php
  # A worker that waits on an idle connection serves no other client.
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
  });
}
