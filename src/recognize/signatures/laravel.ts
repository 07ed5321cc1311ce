import { recognizeEncoding } from '../../codec/encodings.ts';
import { base64 } from '../../stores/base64.ts';
import { type Answer, needed, optional, type Seen, type Signature } from '../signature.ts';
import { columnOf } from '../tables.ts';

/** The driver `database`. */
export const laravel: Signature = {
  application: 'Laravel',
  preset: 'laravel',
  columns: { id: 'key', payload: 'data', last_activity: 'int' },
  ...{ id: 'id', data: 'payload', time: 'last_activity', meaning: 'lastUsed' },
  usualTable: 'sessions',
  shownBy: 'columns',
  emptyTable: /sess/i,
  encoding: base64,
  formats: ['php_serialize', 'json'],
  setsFormat: true,
  isEncrypted: (row) => recognizeEncoding(row) === 'laravel-encrypted',
  key: /^[A-Za-z0-9]{40}$/,
  marks: ['_token', '_flash', '_previous'],
  read,
};

function read(seen: Seen): Answer {
  const isNew = seen.has('_previous', 'route');
  const hasRows = seen.contents.length > 0 || seen.isEncrypted;
  const config = 'config/session.php';
  const options = {
    ...(isNew && { version: '13' }),
    ...(seen.contents.length > 0 && { serialization: seen.format === 'json' ? 'json' : 'php' }),
    ...(hasRows && { encrypt: seen.isEncrypted }),
  };
  // Laravel 4 to 5.1 has three columns.
  const isShort = columnOf(seen.table, 'user_id') === undefined && !isNew;
  return {
    ...(!isShort && { versions: isNew ? '12.45 and later' : '8 to 13' }),
    isLikely: isShort,
    options,
    sure: [
      ...(isNew ? ['the route of the last page is in a session, as since 12.45'] : []),
      ...(seen.isEncrypted ? ['sessions are encrypted'] : []),
    ],
    unknown: [
      needed('key', 'APP_KEY', 'it is no part of the database', 'APP_KEY in .env'),
      optional('previousKeys', 'preset', 'the same', 'APP_PREVIOUS_KEYS in .env'),
      optional('cipher', 'preset', 'the same', 'cipher of config/app.php'),
      ...(isNew
        ? []
        : [
            optional(
              'version',
              'preset',
              isShort ? 'the table has no user_id, as before 5.2' : 'no row tells',
              'php artisan --version: from 12 on the cookie has another name',
            ),
          ]),
      optional('name', 'preset', 'the name of the cookie is in no row', `SESSION_COOKIE in .env, cookie of ${config}`),
      optional('lifetime', 'preset', 'a row has only when it was used', `SESSION_LIFETIME in .env, in minutes`),
      ...(options.serialization === undefined
        ? [
            optional(
              'serialization',
              'preset',
              seen.isEncrypted ? 'the sessions are encrypted' : 'there is no row',
              `serialization of ${config}`,
            ),
          ]
        : []),
      ...(hasRows ? [] : [optional('encrypt', 'preset', 'there is no row', 'SESSION_ENCRYPT in .env')]),
      optional('guards', 'preset', 'names of cookies are in no row', 'the session guards of config/auth.php'),
    ],
  };
}
