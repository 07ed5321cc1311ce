import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Writes the proxy's configuration: each request goes to the next server in turn.
 *
 * @param {string} directory
 * @param {{ port: number, servers: readonly { name: string, port: number }[] }} farm
 * @returns {string} the file
 */
export function writeProxyConfiguration(directory, { port, servers }) {
  const list = (/** @type {string} */ side, /** @type {(name: string) => string} */ settings) =>
    servers
      .filter((server) => server.name.startsWith(side))
      .map(({ name, port }) => `  server ${name} 127.0.0.1:${port} ${settings(name)}`)
      .join('\n');
  const file = join(directory, 'haproxy.cfg');
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
  timeout client 90s
  timeout server 90s
  timeout check 2s
  # A dead server is known within 0.2 s, and refuses connections until then, which go to the next one.
  default-server inter 200ms fastinter 50ms downinter 200ms fall 2 rise 1
  retries 3
  option redispatch 1
  # Only what never reached a server is sent again: a request may have counted already.
  retry-on conn-failure
  # A new connection a request: a server that ends an idle one at the wrong moment would fail a request.
  option http-server-close

listen farm
  bind 127.0.0.1:${port}
  balance roundrobin
  http-error status 503 content-type text/plain string "No server is available." hdr Retry-After 1
${list('php', (name) => `track check-php/${name}`)}
${list('node', (name) => `track check-node/${name}`)}

# PHP's own web server may let a request wait in a worker that is busy while others are free, a health check too, so it
# is healthy when it takes connections.
backend check-php
${list('php', () => 'check')}

backend check-node
  option httpchk GET /health
${list('node', () => 'check')}
`,
  );
  return file;
}
