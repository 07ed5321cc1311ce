import type { Settings } from '../../stores/mysql/options.ts';
import type { DoctorFinding } from './finding.ts';
import type { ServerFacts } from './server.ts';

/** Connections that administrators and monitoring need. */
const OTHERS = 5;

/**
 * Whether the server has room for Node and PHP together. `checkTable()` knows nothing of PHP's workers.
 *
 * @param workers of PHP, on all hosts; 0 where that is not known
 */
export function checkConnections(
  servers: readonly ServerFacts[],
  { connectionLimit }: Settings,
  processes: number,
  workers: number,
): DoctorFinding[] {
  if (workers === 0) return [];
  // For locks, for single statements without them, and for reads.
  const node = processes * 3 * connectionLimit;
  const needed = node + workers + OTHERS;
  return servers.flatMap(({ name, version, maxConnections }) => {
    if (needed <= maxConnections) return [];
    const set = /MariaDB/i.test(version) ? 'GLOBAL' : 'PERSIST';
    return [
      {
        ...{ code: 'php-workers', severity: 'warning', where: [name] },
        message: `max_connections is ${maxConnections}, and there may be ${needed}: ${node} of ${processes} processes of Node, ${workers} of PHP's workers, and ${OTHERS} of others`,
        sql: [`SET ${set} max_connections = ${needed}`],
      },
    ];
  });
}
