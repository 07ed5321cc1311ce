import type { Preset } from './preset.ts';

export interface LaminasOptions {
  /** The session's name, which is in each row. Default `'PHPSESSID'`. All rows of the table must have it. */
  name?: string;
  /** `session.gc_maxlifetime` of PHP's side, in seconds: it is in each row. Default 1440. */
  lifetime?: number;
}

/**
 * The `DbTableGateway` of laminas-session. Its table has a key over two columns, id and name, and Node takes an id alone for a key. So it
 * needs `ALTER TABLE session ADD UNIQUE (id)`, and refuses the table without it (`ERR_SESSION_TABLE`).
 */
export function laminas({ name = 'PHPSESSID', lifetime = 1440 }: LaminasOptions = {}): Preset {
  return {
    name: 'Laminas',
    versions: 'laminas-session 2',
    store: {
      table: 'session',
      columns: { id: 'id', data: 'data', time: 'modified' },
      gcMaxlifetime: lifetime,
      expireOnRead: true,
      lock: 'none',
      row: { id: /[A-Za-z0-9,-]{1,32}/, insert: { name, lifetime } },
    },
    session: { name, useStrictMode: true },
  };
}
