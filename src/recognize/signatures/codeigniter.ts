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

/** What a version needs to be said of it. */
interface Era {
  readonly versions: string;
  /** The preset's option; `undefined` where the table does not tell. */
  readonly version?: string;
  /** Whether ids have the form that the preset says, whatever php.ini has. */
  readonly hasOwnIds?: true;
}

/** From 4.2.11 on, an id has the name of the cookie before it, and from 4.6 on 32 hexadecimal digits. */
function eraOf({ table, rows }: Seen): Era {
  if (columnOf(table, 'timestamp')!.type.includes('int')) return { versions: '3.1', version: '3.1' };
  if (rows.length === 0) return { versions: '4' };
  if (!rows.some(({ key }) => key.includes(':'))) return { versions: '4.0 to 4.2.10', version: '4.2.10' };
  return rows.every(({ key }) => /:[0-9a-f]{32}$/.test(key))
    ? { versions: '4.6 and later', version: '4.7', hasOwnIds: true }
    : { versions: '4.2.11 to 4.5', version: '4.5' };
}

function read(seen: Seen): Answer {
  const { versions, version, hasOwnIds } = eraOf(seen);
  const keys = seen.rows.map(({ key }) => key);
  // CodeIgniter 3 has no name before its ids.
  const names = new Set(
    version === '3.1' ? [] : keys.filter((key) => key.includes(':')).map((key) => key.split(':')[0]!),
  );
  const [name] = names;
  const form = formOf(keys.map((key) => key.slice(key.indexOf(':') + 1)));
  // Before 4.6 ids are as php.ini says, with at least 160 bits; the preset has those of PHP's defaults.
  const isOther = !hasOwnIds && form !== undefined && (form.sidLength !== 40 || form.sidBitsPerCharacter !== 4);
  return {
    versions,
    options: { ...(version !== undefined && { version }), ...(name !== undefined && { name }) },
    session: isOther ? { ...form } : {},
    sure: name === undefined ? [] : ['the name of the cookie is in the ids'],
    unknown: [
      ...(version === undefined ? [VERSION] : []),
      ...(name === undefined ? [NAME] : []),
      ...(names.size > 1 ? [NAMES] : []),
      LIFETIME,
    ],
    todo: ['Node cannot follow sess_match_ip, matchIP: look that it is off'],
  };
}

const VERSION = optional(
  'version',
  'preset',
  'the table is that of all versions of 4, and there is no row',
  'CodeIgniter\\CodeIgniter::CI_VERSION',
);
const NAME = optional(
  'name',
  'preset',
  'ids have no prefix, so the name of the cookie is in no row',
  'sess_cookie_name, or cookieName of app/Config/Session.php',
);
const NAMES = optional(
  'name',
  'preset',
  'ids have several names',
  'cookieName of app/Config/Session.php: one preset each',
);
const LIFETIME = optional(
  'expiration',
  'preset',
  'a row has only when it was used',
  'sess_expiration of CodeIgniter 3, expiration of app/Config/Session.php',
);
