import { writeFileSync } from 'node:fs';
import { program } from './packages.mjs';

/** For `defaults`, where a request can go to another server when one is dead. */
export const failover = `
  timeout check 2s
  # A dead server is known within 0.2 s. Until then it refuses connections, and these go to the next one.
  default-server inter 200ms fastinter 50ms downinter 200ms fall 2 rise 1
  retries 3
  option redispatch 1
  # Only what never reached a server is sent again: a request may have counted already.
  retry-on conn-failure
  # A new connection a request: a server that ends an idle one at the wrong moment would fail a request.
  option http-server-close
`;

/**
 * Writes a configuration of HAProxy.
 *
 * @param {string} file
 * @param {object} proxy
 * @param {number} proxy.timeout seconds for a client and for a server
 * @param {string} proxy.defaults more lines of that section
 * @param {string} proxy.sections the frontends and backends
 * @returns {[command: string, ...args: string[]]} what runs it in the foreground
 */
export function configureHaproxy(file, { timeout, defaults, sections }) {
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
  timeout client ${timeout}s
  timeout server ${timeout}s
${defaults}
${sections}
`,
  );
  return [program('haproxy'), '-db', '-f', file];
}

/**
 * A text in HAProxy's configuration (its manual, "Quoting and escaping" and "Custom log format").
 *
 * @param {string} text
 */
export function quoted(text) {
  return `'${text.replaceAll('%', '%%').replaceAll("'", String.raw`'\''`)}'`;
}
