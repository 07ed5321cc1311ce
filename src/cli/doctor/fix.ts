import { createInterface } from 'node:readline';
import { Deadline } from '../../stores/deadline.ts';
import { Connection } from '../../stores/mysql/connection.ts';
import { serverNames } from '../../stores/mysql/connection-options.ts';
import type { Settings } from '../../stores/mysql/options.ts';
import type { Call } from '../command.ts';
import { CommandError, UsageError } from '../exit-codes.ts';
import type { DoctorFinding } from './finding.ts';

/** Milliseconds for one statement: ALTER TABLE copies the table. */
const PATIENCE = 3_600_000;

/** A statement, and the servers that it is for. */
interface Step {
  readonly sql: string;
  readonly servers: readonly string[];
}

/** What mends errors and warnings, each statement once: findings about one column share theirs. */
export function stepsFor(findings: readonly DoctorFinding[]): Step[] {
  const steps = new Map<string, Set<string>>();
  for (const { severity, sql, where } of findings) {
    if (severity === 'info') continue;
    for (const statement of sql) steps.set(statement, new Set([...(steps.get(statement) ?? []), ...where]));
  }
  return [...steps].map(([sql, servers]) => ({ sql, servers: [...servers] }));
}

/**
 * Asks, and runs them.
 *
 * @returns whether they were run
 * @throws UsageError where nobody can be asked
 * @throws CommandError for a statement that fails; those before it are done
 */
export async function fix(steps: readonly Step[], settings: Settings, call: Call): Promise<boolean> {
  const { report, flags } = call;
  report.note('These statements would be run:');
  for (const { sql, servers } of steps) report.note(`  ${sql};  -- ${servers.join(', ')}`);
  report.note(
    'ALTER TABLE copies the table: until it is done, no request gets a session. SET GLOBAL ends with the server.',
  );
  if (flags.yes !== true && !(await isAgreed(call))) {
    report.note('Nothing was changed.');
    return false;
  }
  for (const endpoint of settings.connections) {
    const name = serverNames([endpoint]);
    const connection = new Connection(endpoint, settings, { autocommit: true });
    try {
      // A table is the same on all servers of a cluster; where it is not, each has its own finding. So it is mended on the first one.
      for (const { sql, servers } of steps.filter((step) => step.servers[0] === name || isOfServer(step, name))) {
        await connection.query(sql, new Deadline(PATIENCE, call.world.signal));
        report.note(`done on ${servers.includes(name) ? name : servers.join(', ')}: ${sql}`);
      }
    } catch (error) {
      if (call.world.signal.aborted) throw error;
      const { code = 'no answer' } = error as { code?: string };
      throw new CommandError(`${name} refuses a statement (${code}). Those before it are done; run doctor again`);
    } finally {
      await connection.end();
    }
  }
  return true;
}

/** A setting has to be set on each server. */
const isOfServer = ({ sql, servers }: Step, name: string): boolean =>
  /^SET (GLOBAL|PERSIST) /.test(sql) && servers.includes(name);

async function isAgreed({ world }: Call): Promise<boolean> {
  if (world.stdout.isTTY !== true) throw new UsageError('--fix asks on a terminal; elsewhere give --yes too');
  world.stderr.write('Run them? Type yes: ');
  for await (const line of createInterface({ input: world.stdin, signal: world.signal })) return line.trim() === 'yes';
  return false;
}
