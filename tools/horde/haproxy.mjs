import { configureHaproxy, failover, quoted } from '../services/haproxy.mjs';

/**
 * Writes the proxy's configuration. The farm's port takes /horde/ to the next Horde server and /node/ to the next Node server in turn; each Horde
 * server has a port of its own too.
 *
 * @param {string} file
 * @param {object} farm
 * @param {string} farm.bind where the farm's port is, as HAProxy's `bind` takes it
 * @param {string} farm.folder of `copyHorde()`
 * @param {number} farm.filesPort
 * @param {readonly { name: string, port: number, socket: string }[]} farm.servers PHP-FPM of each
 * @param {readonly number[]} farm.nodePorts
 */
export function configureProxy(file, { bind, folder, filesPort, servers, nodePorts }) {
  // What a client says of its address is not believed: Horde takes the first address of this header for the visitor's.
  const common = `  http-request del-header X-Forwarded-For
  option forwardfor
  http-request redirect location /horde/ if { path / /horde }
  http-request deny if { path_reg ^/horde/(.*/)?(config|lib|locale|migration|po|scripts|templates|bin)/ }
  use_backend files if { path_reg ^/horde/([^/]+/)?(js|themes|static)/ } !{ path_sub .php }`;
  return configureHaproxy(file, {
    timeout: 120,
    defaults: failover,
    sections: `
fcgi-app horde
  docroot ${quoted(folder)}
  index index.php
  path-info ^(/.+\\.php)(/.*)?$
  # Otherwise Horde asks the name server for it at each login.
  set-param REMOTE_HOST localhost
  # A worker that waits on an idle connection serves no other client.
  no option keep-conn

frontend farm
  bind ${bind}
${common}
  use_backend node if { path_beg /node/ } || { path /node }
  default_backend horde

backend horde
  balance roundrobin
  use-fcgi-app horde
${servers.map(({ name, socket }) => `  server ${name} unix@${socket} proto fcgi check`).join('\n')}

backend files
  server files 127.0.0.1:${filesPort}

backend node
  balance roundrobin
${nodePorts.map((node, i) => `  server node-${i + 1} 127.0.0.1:${node} check`).join('\n')}
${servers.map((server) => alone(server, common)).join('\n')}
`,
  });
}

/** @param {{ name: string, port: number, socket: string }} server @param {string} common */
const alone = ({ name, port, socket }, common) => `
frontend only-${name}
  bind 127.0.0.1:${port}
${common}
  default_backend only-${name}

backend only-${name}
  use-fcgi-app horde
  server ${name} unix@${socket} proto fcgi
`;
