import type { SessionFormat, SessionFormatName } from '../../codec/index.ts';
import type { DoctorFinding } from './finding.ts';
import type { ServerFacts } from './server.ts';

/** Versions that our own pages warn of. */
export function checkVersions(
  servers: readonly ServerFacts[],
  format: SessionFormatName | SessionFormat,
): DoctorFinding[] {
  const found: DoctorFinding[] = [];
  // docs/clusters.md, "Galera: one writer"
  const galera = servers.filter(({ isGalera, version }) => isGalera && /^12\.[12]\./.test(version));
  if (galera.length > 0) {
    found.push({
      ...{ code: 'version-galera', severity: 'warning', sql: [], where: galera.map(({ name }) => name) },
      message:
        'MariaDB 12.1 and 12.2 lose updates on Galera where requests read without a lock on two nodes (found by Jepsen): let all session traffic go to one node',
    });
  }
  // docs/msgpack.md
  if (typeof format !== 'string' && format.name === 'msgpack') {
    found.push({
      ...{ code: 'version-msgpack', severity: 'warning', sql: [], where: [] },
      message:
        "PHP's extension msgpack loses data, and its releases 2.2 and 3.0.0 were seen to crash on what they had written themselves: take igbinary, or a format of PHP's own",
    });
  }
  found.push(...severalServers(servers), ...severalPackages(servers));
  return found;
}

/** A failover from one to the other changes what a column or a statement means. */
function severalServers(servers: readonly ServerFacts[]): DoctorFinding[] {
  const kinds = new Set(servers.map(({ version }) => `${/MariaDB/i.test(version)} ${/^\d+\.\d+/.exec(version)?.[0]}`));
  if (kinds.size < 2) return [];
  const list = servers.map(({ name, version }) => `${version} on ${name}`).join(', ');
  return [
    {
      ...{ code: 'version-servers', severity: 'warning', sql: [], where: servers.map(({ name }) => name) },
      message: `the servers are of different versions: ${list}. That is for the time of an upgrade only`,
    },
  ];
}

function severalPackages(servers: readonly ServerFacts[]): DoctorFinding[] {
  const hidden = servers.filter(({ clients }) => clients === undefined).map(({ name }) => name);
  const versions = new Set(
    servers.flatMap(({ clients = [] }) => clients.map(({ version }) => version ?? 'an older one')),
  );
  const found: DoctorFinding[] = [];
  if (versions.size > 1) {
    found.push({
      ...{ code: 'version-package', severity: 'info', sql: [], where: servers.map(({ name }) => name) },
      message: `several versions of this package are connected: ${[...versions].sort().join(', ')}. That is well during an update (docs/stores.md); put all on the newest`,
    });
  }
  if (hidden.length > 0) {
    found.push({
      ...{ code: 'clients-not-visible', severity: 'info', sql: [], where: hidden },
      message:
        'not checked, which versions of this package are connected: performance_schema is off, or this account may not read it (GRANT SELECT ON performance_schema.*)',
    });
  }
  return found;
}
