import { optional, type Signature } from '../signature.ts';
import { columnOf, type Table } from '../tables.ts';

/** The session engine `db`. */
export const openCart: Signature = {
  application: 'OpenCart',
  preset: 'openCart',
  columns: { session_id: 'key', data: 'data', expire: 'date' },
  ...{ id: 'session_id', data: 'data', time: 'expire', meaning: 'expiresAt' },
  usualTable: 'session',
  prefix: 'prefix',
  table: /session$/,
  shownBy: 'rows',
  emptyTable: /^oc_session$/,
  formats: ['json'],
  setsFormat: true,
  setsTimeZone: true,
  key: /^[A-Za-z0-9,-]{22,52}$/,
  marks: ['language', 'currency', 'customer_id', 'user_token', 'api_id', 'cart'],
  needsMark: true,
  foreignMarks: ['cookie'], // express-session
  isWhole,
  read: ({ table }) => ({
    ...(isWhole(table) && { versions: '4 and 5' }),
    unknown: [
      ...(isWhole(table)
        ? []
        : [
            optional(
              'version',
              'preset',
              'the table is not that of 4 and 5',
              'VERSION in index.php: 3 has another zone',
            ),
          ]),
      optional('sessionExpire', 'preset', 'a row has only its end', 'session_expire of system/config, in seconds'),
    ],
  }),
};

/** As system/helper/db_schema.php makes it since 4. OpenCart 3 has a TEXT and no index; its `expire` is in PHP's zone. */
function isWhole(table: Table): boolean {
  const types = ['session_id', 'data', 'expire'].map((name) => columnOf(table, name)?.type);
  return (
    table.columns.length === 3 &&
    types.join() === 'varchar,mediumtext,datetime' &&
    columnOf(table, 'session_id')!.size === 32 &&
    table.indexes.some(({ columns: [first] }) => first!.name === 'expire')
  );
}
