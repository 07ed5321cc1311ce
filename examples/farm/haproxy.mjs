import { join } from 'node:path';
import { configureHaproxy, failover } from '../../tools/services/haproxy.mjs';

/**
 * Writes the proxy's configuration: each request goes to the next server in turn. One with `on=php` or `on=node` in its query
 * goes to the next of that language, and one below /farm/ to the observer.
 *
 * @param {string} directory
 * @param {{ port: number, observerPort: number, servers: readonly { name: string, port: number }[] }} farm
 * @returns the process
 */
export function configureProxy(directory, { port, observerPort, servers }) {
  const list = (/** @type {string} */ side, /** @type {(name: string) => string} */ settings) =>
    servers
      .filter((server) => server.name.startsWith(side))
      .map(({ name, port }) => `  server ${name} 127.0.0.1:${port} ${settings(name)}`)
      .join('\n');
  return configureHaproxy(join(directory, 'haproxy.cfg'), {
    timeout: 90,
    defaults: failover,
    sections: `
frontend farm
  bind 127.0.0.1:${port}
  http-error status 503 content-type text/plain string "No server is available." hdr Retry-After 1
  # Nobody shall lay the page below his own, to have its buttons clicked.
  http-response set-header X-Frame-Options DENY
  use_backend observer if { path_beg /farm/ }
  use_backend php if { urlp(on) php }
  use_backend node if { urlp(on) node }
  default_backend all

backend all
  balance roundrobin
${list('php', (name) => `track php/${name}`)}
${list('node', (name) => `track node/${name}`)}

# PHP's own web server may let a request wait in a worker that is busy while others are free, a health check too, so it
# is healthy when it takes connections.
backend php
  balance roundrobin
${list('php', () => 'check')}

backend node
  balance roundrobin
  option httpchk GET /health
${list('node', () => 'check')}

backend observer
  server observer 127.0.0.1:${observerPort}
`,
  });
}
