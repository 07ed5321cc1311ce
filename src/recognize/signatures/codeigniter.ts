import { formOf } from '../ids.ts';
import { type Answer, optional, type Seen, type Signature } from '../signature.ts';
import { columnOf } from '../tables.ts';

/** `DatabaseHandler` of CodeIgniter 3 (the time is an INT) and 4 (TIMESTAMP or DATETIME). */
export const codeIgniter: Signature = {
  application: 'CodeIgniter',
  preset: 'codeIgniter',
  columns: { id: 'key', ip_address: 'key', timestamp: 'time', data: 'data' },
  ...{ id: 'id', data: 'data', time: 'timestamp', meaning: 'lastUsed' },
  without: ['user_id', 'payload'],
  usualTable: 'ci_sessions',
  shownBy: 'columns',
  emptyTable: /sess/i,
  key: /^([\w-]+:)?[0-9A-Za-z,-]{27,128}$/,
  marks: ['__ci_last_regenerate', '__ci_vars'],
  read,
};

/** From 4.2.11 on, an id has the name of the cookie before it, and from 4.6 on 32 hexadecimal digits. */
function read({ table, rows }: Seen): Answer {
  const keys = rows.map(({ key }) => key);
  const names = new Set(keys.flatMap((key) => (key.includes(':') ? [key.slice(0, key.indexOf(':'))] : [])));
  const [name] = names;
  const form = formOf(keys.map((key) => key.slice(key.indexOf(':') + 1)));
  // Before 4.6 ids are as php.ini says, with at least 160 bits; the preset has those of PHP's defaults.
  const isOther = form !== undefined && (form.sidLength !== 40 || form.sidBitsPerCharacter !== 4);
  const session = isOther ? { ...form } : {};
  const isThree = columnOf(table, 'timestamp')!.type.includes('int');
  const lifetime = optional(
    'expiration',
    'preset',
    'a row has only when it was used',
    'sess_expiration of CodeIgniter 3, expiration of app/Config/Session.php',
  );
  const match = 'Node cannot follow sess_match_ip, matchIP: look that it is off';
  if (isThree || keys.length === 0 || name === undefined) {
    const cookie = optional(
      'name',
      'preset',
      'ids have no prefix, so the name of the cookie is in no row',
      'sess_cookie_name, or cookieName of app/Config/Session.php',
    );
    const version = optional(
      'version',
      'preset',
      'the table is that of all versions of 4, and there is no row',
      'CodeIgniter\\CodeIgniter::CI_VERSION',
    );
    if (isThree)
      return { versions: '3.1', options: { version: '3.1' }, session, unknown: [cookie, lifetime], todo: [match] };
    return keys.length === 0
      ? { versions: '4', unknown: [version, cookie, lifetime], todo: [match] }
      : {
          versions: '4.0 to 4.2.10',
          options: { version: '4.2.10' },
          session,
          unknown: [cookie, lifetime],
          todo: [match],
        };
  }
  const isNewest = keys.some((key) => /:[0-9a-f]{32}$/.test(key)) && !keys.some((key) => !/:[0-9a-f]{32}$/.test(key));
  return {
    versions: isNewest ? '4.6 and later' : '4.2.11 to 4.5',
    options: { version: isNewest ? '4.7' : '4.5', name },
    session: isNewest ? {} : session,
    sure: ['the name of the cookie is in the ids'],
    unknown: [
      ...(names.size > 1
        ? [
            optional(
              'name',
              'preset',
              'ids have several names',
              'cookieName of app/Config/Session.php: one preset each',
            ),
          ]
        : []),
      lifetime,
    ],
    todo: [match],
  };
}
