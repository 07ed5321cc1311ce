import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createTableSql } from '../../src/stores/mysql/index.ts';
import type { OpenOptions, SessionLease, SessionStore } from '../../src/stores/store.ts';
import { newId, read, withLease, writeText } from '../../src/testing/leases.ts';
import { type Accident, Relay } from './mysql-relay.ts';
import { asInAnotherProcess, sleep, storeOn, testServer, utf8Bytes, Witness } from './mysql-store-helpers.ts';

const table = 'store_lost';
let witness: Witness;
let other: SessionStore;

beforeAll(async () => {
  witness = await Witness.connect();
  await witness.table(table, createTableSql({ table }));
  other = asInAnotherProcess(() => storeOn(table));
});

afterAll(async () => {
  await other.close();
  await witness.end();
});

/** Waits until a condition of the database holds. */
async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(20);
}

describe('the connection is killed while the lock is held', () => {
  const user = 'store_lost';
  const connections = async () => {
    const rows = await witness.query('SELECT ID AS id FROM information_schema.PROCESSLIST WHERE USER = ?', [user]);
    return rows.map(({ id }) => Number(id));
  };

  beforeAll(() =>
    witness.query(
      `CREATE USER IF NOT EXISTS ${user}@localhost, ${user}@127.0.0.1; GRANT ALL ON test.* TO ${user}@localhost, ${user}@127.0.0.1`,
    ),
  );
  afterAll(() => witness.query(`DROP USER ${user}@localhost, ${user}@127.0.0.1`));

  /** Opens the session, kills the connection that holds it, lets something else happen, and goes on. */
  async function interrupted<T>(
    id: string,
    meanwhile: () => Promise<unknown>,
    use: (lease: SessionLease) => Promise<T>,
    options?: OpenOptions,
  ): Promise<T> {
    await until(async () => (await connections()).length === 0); // those of the test before may still be ending
    const store = storeOn(table, { connection: { ...testServer(), user, password: '', database: 'test' } });
    try {
      const lost = async (lease: SessionLease) => {
        const [holder] = await connections();
        await witness.query('KILL ?', [holder]);
        await until(async () => !(await connections()).includes(holder!));
        await meanwhile();
        return use(lease);
      };
      return await withLease(store, id, lost, options);
    } finally {
      await store.close();
    }
  }

  const nothing = async () => undefined;
  const write = (lease: SessionLease) => lease.commit({ data: utf8Bytes('ours') });

  test('no other request wrote: written', async () => {
    const id = newId();
    await writeText(other, id, 'before');
    expect(await interrupted(id, nothing, write)).toBe('written');
    expect(await read(other, id)).toBe('ours');
  });

  test('another request wrote: refused, its write stays', async () => {
    const id = newId();
    await writeText(other, id, 'before');
    const result = interrupted(id, () => writeText(other, id, 'theirs'), write);
    await expect(result).rejects.toMatchObject({ code: 'ERR_SESSION_CONFLICT' });
    expect(await read(other, id)).toBe('theirs');
  });

  test('another request wrote the same bytes: refused too, as two counting requests write the same', async () => {
    const id = newId();
    await writeText(other, id, 'before');
    const result = interrupted(id, () => writeText(other, id, 'ours'), write);
    await expect(result).rejects.toMatchObject({ code: 'ERR_SESSION_CONFLICT' });
  });

  test('another request wrote: the session is touched all the same', async () => {
    const id = newId();
    await writeText(other, id, 'before');
    expect(
      await interrupted(
        id,
        () => writeText(other, id, 'theirs'),
        (lease) => lease.commit({}),
      ),
    ).toBe('touched');
    expect(await read(other, id)).toBe('theirs');
  });

  test('another request logged out: not revived', async () => {
    const id = newId();
    await writeText(other, id, 'before');
    const logout = () => withLease(other, id, (lease) => lease.destroy());
    expect(await interrupted(id, logout, write)).toBe('gone');
    expect(await read(other, id)).toBeUndefined();
  });

  test('a new session under an id that the browser brought: not created, as others may have been there', async () => {
    const id = newId();
    expect(await interrupted(id, nothing, write)).toBe('gone');
    expect(await read(other, id)).toBeUndefined();
  });

  test('... and another request has created it, and logged out: not revived', async () => {
    const id = newId();
    const logout = async () => {
      await writeText(other, id, 'theirs');
      await withLease(other, id, (lease) => lease.destroy());
    };
    expect(await interrupted(id, logout, write)).toBe('gone');
    expect(await read(other, id)).toBeUndefined();
  });

  test('... and another request has created it, and given it another id: neither is touched', async () => {
    const [id, next] = [newId(), newId()];
    const login = () =>
      withLease(other, id, async (lease) => {
        await lease.rename(next);
        await lease.commit({ data: utf8Bytes('theirs') });
      });
    await expect(interrupted(id, login, write)).rejects.toMatchObject({ code: 'ERR_SESSION_CONFLICT' });
    expect([await read(other, id), await read(other, next)]).toEqual(['', 'theirs']);
  });

  test('a new session under an id that was just made: created all the same', async () => {
    const id = newId();
    expect(await interrupted(id, nothing, write, { fresh: true })).toBe('written');
    expect(await read(other, id)).toBe('ours');
  });

  test('a new session that another request created: refused', async () => {
    const id = newId();
    const result = interrupted(id, () => writeText(other, id, 'theirs'), write);
    await expect(result).rejects.toMatchObject({ code: 'ERR_SESSION_CONFLICT' });
    expect(await read(other, id)).toBe('theirs');
  });

  test('rename() is done again', async () => {
    const [id, next] = [newId(), newId()];
    await writeText(other, id, 'before');
    const rename = async (lease: SessionLease) => {
      await lease.rename(next);
      return write(lease);
    };
    expect(await interrupted(id, nothing, rename)).toBe('written');
    expect([await read(other, id), await read(other, next)]).toEqual(['', 'ours']);
  });

  test('destroy() is done again, whatever was written', async () => {
    const id = newId();
    await writeText(other, id, 'before');
    const theirs = () => writeText(other, id, 'theirs');
    expect(await interrupted(id, theirs, (lease) => lease.destroy())).toBe('destroyed');
    expect(await read(other, id)).toBeUndefined();
  });

  test('destroy() after another request changed the id: an error', async () => {
    const [id, next] = [newId(), newId()];
    await writeText(other, id, 'before');
    const rename = () =>
      withLease(other, id, async (lease) => {
        await lease.rename(next);
        await lease.commit({});
      });
    expect(await interrupted(id, rename, (lease) => lease.destroy())).toBe('gone');
    expect([await read(other, id), await read(other, next)]).toEqual(['', 'before']);
  });

  test('... and what PHP writes for nothing under the old id (php_serialize) is nothing too', async () => {
    const [id, next] = [newId(), newId()];
    await writeText(other, id, 'before');
    const login = async () => {
      await withLease(other, id, async (lease) => {
        await lease.rename(next);
        await lease.commit({});
      });
      await writeText(other, id, 'a:0:{}');
    };
    expect(await interrupted(id, login, (lease) => lease.destroy(Buffer.from('a:0:{}')))).toBe('gone');
    expect([await read(other, id), await read(other, next)]).toEqual(['a:0:{}', 'before']);
  });

  test('a lease that ends late does not disturb the next user of its connection', async () => {
    await until(async () => (await connections()).length === 0);
    const connection = { ...testServer(), user, password: '', database: 'test' };
    const store = storeOn(table, { connection, connectionLimit: 1, lockTimeout: 2.5 });
    const [id, next, taken] = [newId(), newId(), newId()];
    for (const one of [id, next]) await writeText(other, one, 'before');
    await witness.query('BEGIN');
    await witness.query(`INSERT INTO ${table} (id, data, usetime) VALUES (?, '', 0)`, [taken]);
    const lease = await store.open(id);
    await lease.rename(taken);
    // It waits for two seconds, gives its connection back, and gets none to try again.
    const late = expect(lease.commit({})).rejects.toMatchObject({ code: 'ERR_SESSION_UNAVAILABLE' });
    await sleep(500);
    const holder = await store.open(next);
    await late;
    await witness.query('ROLLBACK');
    const [killed] = await connections();
    await witness.query('KILL ?', [killed]);
    // The row is free, and so is the session in the queue of this process.
    const third = await store.open(next);
    for (const one of [third, holder, lease]) await one.release();
    await store.close();
  });

  test('release() has nothing left to do', async () => {
    const id = newId();
    await writeText(other, id, 'before');
    await interrupted(id, nothing, async () => undefined);
    expect(await read(other, id)).toBe('before');
  });
});

describe('maxHold', () => {
  test('the server frees what was held too long, and the late write is refused', async () => {
    const [store, id] = [storeOn(table, { maxHold: 1 }), newId()];
    await writeText(store, id, 'before');
    const frozen = await store.open(id);
    // Neither the database nor the queue of this process keeps others waiting for long.
    expect(await writeText(other, id, 'theirs')).toBe('written');
    expect(await read(store, id)).toBe('theirs');
    await expect(frozen.commit({ data: utf8Bytes('late') })).rejects.toMatchObject({ code: 'ERR_SESSION_CONFLICT' });
    await frozen.release();
    expect(await read(other, id)).toBe('theirs');
    await store.close();
  });

  test.each([
    ['written by PHP since', 'UPDATE', { code: 'ERR_SESSION_CONFLICT' }, 'theirs'],
    ['deleted by PHP since', 'DELETE', 'gone', undefined],
    ['not touched since', 'SELECT', 'written', 'late'],
  ])('a process that was frozen, its session %s', async (_, statement, expected, remains) => {
    const [store, id] = [storeOn(table, { maxHold: 1 }), newId()];
    await writeText(store, id, 'before');
    const lease = await store.open(id);
    // While PHP runs, this process does nothing at all: it does not see that the server ends its connection.
    const script = `
      [, $dsn, $user, $password, $table, $id, $statement] = $argv;
      $pdo = new PDO($dsn, $user, $password);
      $pdo->beginTransaction();
      $pdo->query("SELECT data FROM $table WHERE id = '$id' FOR UPDATE");
      if ($statement === 'UPDATE') $pdo->query("UPDATE $table SET data = 'theirs' WHERE id = '$id'");
      if ($statement === 'DELETE') $pdo->query("DELETE FROM $table WHERE id = '$id'");
      $pdo->commit();`;
    const { host, port, user, password } = testServer();
    const dsn = `mysql:host=${host};port=${port};dbname=test`;
    execFileSync('php', ['-r', script, '--', dsn, user, password, table, id, statement]);
    const late = lease.commit({ data: utf8Bytes('late') });
    if (typeof expected === 'string') expect(await late).toBe(expected);
    else await expect(late).rejects.toMatchObject(expected);
    await lease.release();
    expect(await read(other, id)).toBe(remains);
    await store.close();
  });

  test('idle connections that the server has ended are replaced', async () => {
    const [store, id] = [storeOn(table, { maxHold: 1 }), newId()];
    for (const data of ['1', '2']) {
      await Promise.all(Array.from({ length: 5 }, () => writeText(store, newId(), data)));
      await writeText(store, id, data);
      await sleep(1_500);
    }
    expect(await read(store, id)).toBe('2');
    await store.close();
  });
});

describe('the statement that goes with COMMIT fails, and the connection stays', () => {
  const failing = 'store_failing';
  const store = () => storeOn(failing, { lockTimeout: 20 });
  const tries = async () => Number((await witness.query(`SELECT n FROM ${failing}_tries`))[0]!.n);

  /** Each UPDATE of the table fails with this number, as long as `condition` holds for how many there were. */
  async function failsWith(errno: number, condition: string): Promise<void> {
    await witness.table(failing, createTableSql({ table: failing }));
    // MyISAM: what is counted stays counted when the transaction is rolled back.
    await witness.table(`${failing}_tries`, `CREATE TABLE ${failing}_tries (n INT) ENGINE = MyISAM SELECT 0 AS n`);
    await witness.query(`CREATE TRIGGER ${failing} BEFORE UPDATE ON ${failing} FOR EACH ROW BEGIN
      UPDATE ${failing}_tries SET n = n + 1;
      IF (SELECT n ${condition} FROM ${failing}_tries) THEN
        SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = ${errno};
      END IF;
    END`);
  }

  /** A row as another server has left it, and not by an UPDATE. */
  async function stored(text: string): Promise<string> {
    const id = newId();
    await witness.query(`INSERT INTO ${failing} (id, data, usetime) VALUES (?, ?, UNIX_TIMESTAMP())`, [id, text]);
    return id;
  }

  test.each([1114, 1030])(
    'with %i, which does not pass: an error after one try, and the row is as it was',
    async (errno) => {
      await failsWith(errno, '> 0');
      const id = await stored('before');
      const ours = store();
      await expect(writeText(ours, id, 'after')).rejects.toMatchObject({ code: 'ERR_SESSION_UNAVAILABLE' });
      expect(await tries()).toBe(1);
      expect(await read(ours, id)).toBe('before');
      await ours.close();
    },
  );

  test('with 1297, which passes: tried again after a pause each time, and written', async () => {
    await failsWith(1297, '< 4');
    const id = await stored('before');
    const ours = store();
    const start = performance.now();
    expect(await writeText(ours, id, 'after')).toBe('written');
    expect(performance.now() - start).toBeGreaterThan(3 * 25);
    expect(await tries()).toBe(4);
    expect(await read(ours, id)).toBe('after');
    await ours.close();
  });
});

describe('the connection is lost at COMMIT', () => {
  let relay: Relay;
  let store: SessionStore;

  beforeAll(async () => {
    relay = await Relay.start(testServer());
  });
  beforeEach(() => {
    store = storeOn(table, { connection: { ...testServer(), port: relay.port, database: 'test' }, lockTimeout: 2 });
    relay.thenUnreachable = false;
  });
  afterAll(() => relay.stop());

  const accidents: Accident[] = ['lose the statement', 'lose the answer'];

  describe.each(accidents)('%s', (accident) => {
    test('a write is done once; unknown, if these bytes may be those of another request', async () => {
      const id = newId();
      await writeText(store, id, 'before');
      relay.accident = accident;
      const result = writeText(store, id, 'after');
      if (accident === 'lose the statement') expect(await result).toBe('written');
      else await expect(result).rejects.toMatchObject({ code: 'ERR_SESSION_OUTCOME_UNKNOWN' });
      expect(relay.accident).toBeUndefined();
      expect(await read(other, id)).toBe('after');
      await store.close();
    });

    test('a touch', async () => {
      const id = newId();
      await writeText(store, id, 'before');
      relay.accident = accident;
      expect(await withLease(store, id, (lease) => lease.commit({}))).toBe('touched');
      expect(await read(other, id)).toBe('before');
      await store.close();
    });

    test('a rename', async () => {
      const [id, next] = [newId(), newId()];
      await writeText(store, id, 'before');
      relay.accident = accident;
      await withLease(store, id, async (lease) => {
        await lease.rename(next);
        expect(await lease.commit({ data: utf8Bytes('after') })).toBe('written');
      });
      expect([await read(other, id), await read(other, next)]).toEqual(['', 'after']);
      await store.close();
    });

    test('a destroy', async () => {
      const id = newId();
      await writeText(store, id, 'before');
      relay.accident = accident;
      await withLease(store, id, (lease) => lease.destroy());
      expect(await read(other, id)).toBeUndefined();
      await store.close();
    });

    test('a new session: unknown; never created a second time', async () => {
      const id = newId();
      relay.accident = accident;
      await expect(writeText(store, id, 'after')).rejects.toMatchObject({ code: 'ERR_SESSION_OUTCOME_UNKNOWN' });
      expect(await read(other, id)).toBe(accident === 'lose the answer' ? 'after' : undefined);
      await store.close();
    });

    test('a new session with a new id: its row shows the outcome', async () => {
      const id = newId();
      relay.accident = accident;
      const write = (lease: SessionLease) => lease.commit({ data: utf8Bytes('after') });
      expect(await withLease(store, id, write, { fresh: true })).toBe('written');
      expect(await read(other, id)).toBe('after');
      await store.close();
    });

    test('and the database cannot be asked any more', async () => {
      const id = newId();
      await writeText(store, id, 'before');
      relay.thenUnreachable = true;
      relay.accident = accident;
      await expect(writeText(store, id, 'after')).rejects.toMatchObject({ code: 'ERR_SESSION_OUTCOME_UNKNOWN' });
      relay.reachAgain();
      expect(await read(other, id)).toBe(accident === 'lose the answer' ? 'after' : 'before');
      await store.close();
    });
  });

  /** Ends a lease whose answer is lost, while another request waits for the row and acts in between. */
  async function overtaken<T>(
    id: string,
    end: (lease: SessionLease) => Promise<T>,
    then: (theirs: SessionLease) => Promise<unknown>,
    before = '5',
  ): Promise<T> {
    await writeText(store, id, before);
    const lease = await store.open(id);
    const waiting = withLease(other, id, then);
    try {
      await until(async () =>
        (await witness.query('SHOW FULL PROCESSLIST')).some(({ Info }) => /FOR UPDATE/.test(Info!)),
      );
      relay.accident = 'lose the answer';
      return await end(lease);
    } finally {
      await lease.release();
      await waiting;
      await store.close();
    }
  }

  const unknown = { code: 'ERR_SESSION_OUTCOME_UNKNOWN' };
  const count = (theirs: SessionLease) =>
    theirs.commit({ data: utf8Bytes(String(Number(Buffer.from(theirs.data!).toString()) + 1)) });
  const moveTo = (next: string) => async (theirs: SessionLease) => {
    await theirs.rename(next);
    await theirs.commit({});
  };

  test('another request has written after ours: unknown, as it may have overwritten ours', async () => {
    const id = newId();
    await expect(overtaken(id, (lease) => lease.commit({ data: utf8Bytes('6') }), count)).rejects.toMatchObject(
      unknown,
    );
    expect(await read(other, id)).toBe('7');
  });

  test('another request has changed the id after ours: unknown, and not gone', async () => {
    const [id, next] = [newId(), newId()];
    const result = overtaken(id, (lease) => lease.commit({ data: utf8Bytes('6') }), moveTo(next));
    await expect(result).rejects.toMatchObject(unknown);
    expect([await read(other, id), await read(other, next)]).toEqual(['', '6']);
  });

  test('... so too where the row was as empty before as that leaves it: it is not written twice', async () => {
    const [id, next] = [newId(), newId()];
    const result = overtaken(id, (lease) => lease.commit({ data: utf8Bytes('6') }), moveTo(next), '');
    await expect(result).rejects.toMatchObject(unknown);
    expect([await read(other, id), await read(other, next)]).toEqual(['', '6']);
  });

  test('another request has logged out after ours: unknown, and not gone', async () => {
    const id = newId();
    const result = overtaken(
      id,
      (lease) => lease.commit({ data: utf8Bytes('6') }),
      (theirs) => theirs.destroy(),
    );
    await expect(result).rejects.toMatchObject(unknown);
    expect(await read(other, id)).toBeUndefined();
  });

  test('a login, and another request uses the old id after it: the new id shows that it was done', async () => {
    const [id, next] = [newId(), newId()];
    const login = async (lease: SessionLease) => {
      await lease.rename(next);
      return lease.commit({ data: utf8Bytes('user') });
    };
    const use = (theirs: SessionLease) => theirs.commit({ data: utf8Bytes('old id') });
    expect(await overtaken(id, login, use)).toBe('written');
    expect([await read(other, id), await read(other, next)]).toEqual(['old id', 'user']);
  });

  test('a logout, and another request begins a new session: that one is not deleted', async () => {
    const id = newId();
    const begin = (theirs: SessionLease) => theirs.commit({ data: utf8Bytes('new') });
    await expect(overtaken(id, (lease) => lease.destroy(), begin)).rejects.toMatchObject(unknown);
    expect(await read(other, id)).toBe('new');
  });
});
