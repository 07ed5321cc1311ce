import { rawurlencode } from '../../stores/rawurlencode.ts';
import type { Signature } from '../signature.ts';

/** `adodb-session2.php`. */
export const adodb: Signature = {
  application: 'ADOdb',
  preset: 'adodb',
  columns: {
    SESSKEY: 'key',
    EXPIRY: 'date',
    EXPIREREF: 'key',
    CREATED: 'date',
    MODIFIED: 'date',
    SESSDATA: 'data',
  },
  ...{ id: 'SESSKEY', data: 'SESSDATA', time: 'EXPIRY', meaning: 'expiresAt' },
  usualTable: 'sessions2',
  shownBy: 'columns',
  encoding: rawurlencode,
  marks: [],
  hasRawIds: true,
  cookie: "session_name() in the application, or php.ini's session.name",
  lifetime: ({ php }) => php.gcMaxlifetime ?? 1440,
  read: ({ php }) =>
    php.gcMaxlifetime === undefined
      ? {
          unknown: [
            {
              ...{ option: 'gcMaxlifetime', of: 'store', needed: true, env: 'SESSION_GC_MAXLIFETIME', isNumber: true },
              why: 'an end says nothing of how long a session lives',
              where: "session.gc_maxlifetime of php.ini, or the application's ini_set()",
            },
          ],
        }
      : { store: { gcMaxlifetime: php.gcMaxlifetime }, sure: ['gcMaxlifetime is that of php.ini'] },
};
