import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { SessionStore } from '../../src/stores/store.ts';
import { newId, read, writeText } from '../../src/testing/leases.ts';
import { unwatch, watch } from '../../tools/services/lifeline.mjs';
import { signalled } from '../../tools/services/processes.mjs';
import { engineUnderTest, makeTable, ownTable, serversFor, storeOfNextProcess } from './engine.ts';
import { type Network, startNetwork } from './network.ts';

// Who holds a session and is heard of no more: the server frees the row, and what comes later is not written.

const engine = engineUnderTest();
const table = ownTable(engine, 'bound');
/** Seconds. */
const maxHold = 3;
let other: SessionStore;

beforeAll(async () => {
  await makeTable(engine, table);
  storeOfNextProcess(engine, table); // The holder is the process before; on NDB Cluster it has the other SQL node.
  // Whoever gets the lock by this deadline got it in time.
  other = storeOfNextProcess(engine, table, { lockTimeout: maxHold + 2 });
});

afterAll(() => other.close());

/** What a test has started. */
const started: { stop(): Promise<void> | void }[] = [];
afterEach(async () => {
  for (const one of started.splice(0)) await one.stop();
});

interface Holder {
  process: ChildProcess;
  /** The next line that it prints. */
  says(): Promise<string>;
  write(): void;
}

type Side = 'Node' | 'PHP';

function startHolder(side: Side, id: string, network?: Network): Holder {
  const connection = network?.server ?? serversFor(engine, 0)[0]!;
  const node = { connection, table: table.name, maxHold, lockTimeout: 20 };
  const php = { connection, options: { table: table.name, max_hold: maxHold, lock_timeout: 20 } };
  const program =
    side === 'Node' ? [process.execPath, 'test/clusters/holder.mjs'] : ['php', 'test/clusters/holder.php'];
  const [command, ...args] = [
    ...(network?.command ?? []),
    ...program,
    JSON.stringify(side === 'Node' ? node : php),
    id,
  ];
  const child = spawn(command!, args, { detached: true, stdio: ['pipe', 'pipe', 'inherit'] });
  watch('group', child.pid!);
  child.on('exit', () => unwatch('group', child.pid!));
  started.push({ stop: () => void child.kill('SIGKILL') });
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  return {
    process: child,
    says: async () => (await lines.next()).value,
    write: () => void child.stdin!.write('\n'),
  };
}

const before = 'n|i:1;';
const theirs = 'n|i:2;';
const refusals: Record<Side, unknown> = { Node: 'ERR_SESSION_CONFLICT', PHP: 'closed' };

describe.each<Side>(['Node', 'PHP'])('%s holds a session', (side) => {
  test.each(['an existing one', 'a new one'])(
    '%s, and is frozen (SIGSTOP): the row is free in time, and the late write is refused',
    async (which) => {
      const id = newId();
      if (which === 'an existing one') await writeText(other, id, before);
      const holder = startHolder(side, id);
      expect(await holder.says()).toBe('held');
      await signalled(holder.process.pid!, 'SIGSTOP');
      expect(await writeText(other, id, theirs)).toBe('written');
      await signalled(holder.process.pid!, 'SIGCONT');
      holder.write();
      expect(await holder.says()).toBe(refusals[side]);
      expect(await read(other, id)).toBe(theirs);
    },
  );

  test.each(['before it writes', 'while it writes'])(
    'and its packets are lost %s: the row is free in time, and the late write is refused',
    async (when) => {
      const network = await startNetwork(serversFor(engine, 0)[0]!);
      started.push(network);
      process.stdout.write(`Packets are lost by a ${network.kind}.\n`);
      const id = newId();
      await writeText(other, id, before);
      const holder = startHolder(side, id, network);
      expect(await holder.says()).toBe('held');
      network.drop();
      if (when === 'while it writes') holder.write();
      expect(await writeText(other, id, theirs)).toBe('written');
      network.pass();
      if (when === 'before it writes') holder.write();
      const end = await holder.says();
      // Node cannot know that its COMMIT never arrived; and it may find no server any more before its own deadline.
      expect([refusals[side], 'ERR_SESSION_OUTCOME_UNKNOWN', 'ERR_SESSION_UNAVAILABLE']).toContain(end);
      expect(await read(other, id)).toBe(theirs);
    },
  );
});
