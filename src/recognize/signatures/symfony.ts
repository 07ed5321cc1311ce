import { type Answer, optional, type Seen, type Signature } from '../signature.ts';

/** `PdoSessionHandler`. */
export const symfony: Signature = {
  application: 'Symfony',
  preset: 'symfony',
  columns: { sess_id: 'key', sess_data: 'data', sess_lifetime: 'int', sess_time: 'int' },
  ...{ id: 'sess_id', data: 'sess_data', time: 'sess_time', meaning: 'lastUsed' },
  also: ['sess_lifetime'],
  usualTable: 'sessions',
  shownBy: 'columns',
  marks: ['_sf2_attributes', '_sf2_meta'],
  hasRawIds: true,
  cookie: "framework.session.name, or php.ini's session.name",
  read,
};

/** Unix seconds since 2001; a number below is how long something lasts. */
const FIRST_MOMENT = 1_000_000_000;

/** Before 4.4 `sess_lifetime` is how long a session lives, and then when it ends. An index over it is there since 4.4. */
function read({ rows, table, values, php }: Seen): Answer {
  const lifetimes = values('sess_lifetime').map(Number);
  const newest = rows.reduce((a, b) => ((b.ahead ?? -Infinity) > (a?.ahead ?? -Infinity) ? b : a), rows[0]);
  const known = newest?.others[0] === null || newest === undefined ? undefined : Number(newest.others[0]);
  const isIndexed = table.indexes.some(({ columns: [first] }) => first!.name === 'sess_lifetime');
  const isOld = known === undefined ? undefined : known < FIRST_MOMENT;
  const gcMaxlifetime = isOld ? known : php.gcMaxlifetime;
  const isMixed = new Set(lifetimes.map((it) => it < FIRST_MOMENT)).size > 1;
  const version = isOld ? '4.3' : isOld === undefined && !isIndexed ? undefined : '7';
  return {
    ...(version !== undefined && { versions: version === '7' ? '4.4 and later' : '2.6 to 4.3' }),
    options: {
      ...(version !== undefined && { version }),
      ...(gcMaxlifetime !== undefined && gcMaxlifetime > 0 && { gcMaxlifetime }),
    },
    sure: isOld === undefined ? [] : [`sess_lifetime holds ${isOld ? 'spans' : 'times'}`],
    unknown: [
      ...(version === undefined
        ? [optional('version', 'preset', 'there is no row', 'composer.lock: sess_lifetime is another thing since 4.4')]
        : []),
      optional(
        'lock',
        'preset',
        'a lock cannot be seen in rows',
        'lock_mode of the handler: LOCK_NONE is 0, LOCK_ADVISORY 1, LOCK_TRANSACTIONAL 2 (the default)',
      ),
      ...(gcMaxlifetime === undefined
        ? [
            optional(
              'gcMaxlifetime',
              'preset',
              'an end does not tell it',
              "the handler's ttl, or session.gc_maxlifetime",
            ),
          ]
        : []),
    ],
    todo: isMixed ? ['Rows of a Symfony before 4.4 are left: they end by themselves'] : [],
  };
}
