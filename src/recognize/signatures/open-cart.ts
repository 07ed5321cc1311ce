import { optional, type Signature } from '../signature.ts';

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
  read: () => ({
    versions: '4 and 5',
    unknown: [
      optional('sessionExpire', 'preset', 'a row has only its end', 'session_expire of system/config, in seconds'),
    ],
  }),
};
