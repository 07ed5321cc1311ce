import { claimOf } from '../login/claim.ts';
import type { LoginRules } from '../login/login-rules.ts';
import { at, idAt, textAt } from '../login/php-values.ts';
import type { PresetWithLogin } from './preset.ts';

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
export function laminas({ name = 'PHPSESSID', lifetime = 1440 }: LaminasOptions = {}): PresetWithLogin {
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
    login,
  };
}

/**
 * What `Laminas\Authentication\Storage\Session` keeps: the identity, which is a name or an object with an `id`. Laminas takes it as it is, so a deleted
 * user stays logged in.
 */
const login: LoginRules = {
  claim(session) {
    const identity = at(session, 'Laminas_Auth', 'storage', 'storage');
    const name = textAt(identity, 'username') ?? textAt(identity, 'email');
    return claimOf({ id: idAt(identity) ?? idAt(identity, 'id') ?? name, name, unchecked: [] });
  },
};
