import { base64 } from '../../stores/base64.ts';
import { optional, type Signature } from '../signature.ts';

const ofEra = (time: 'changed' | 'expires_at', version: string, versions: string): Signature => ({
  application: 'Roundcube',
  preset: 'roundcube',
  columns: { sess_id: 'key', [time]: 'date', ip: 'key', vars: 'data' },
  ...{ id: 'sess_id', data: 'vars', time, meaning: time === 'changed' ? 'lastUsed' : 'expiresAt' },
  usualTable: 'session',
  prefix: 'prefix',
  shownBy: 'columns',
  encoding: base64,
  marks: ['language', 'task', 'skin_config', 'temp', 'user_id', 'auth_secret'],
  hasRawIds: true,
  lifetime: () => 600,
  read: () => ({
    versions,
    options: { version },
    unknown: [
      optional(
        'sessionLifetime',
        'preset',
        'it is in no row',
        "session_lifetime of Roundcube's configuration, in minutes",
      ),
    ],
  }),
});

/** Roundcube 1.7 has renamed the column, and then it is an end. */
export const roundcube: Signature = ofEra('changed', '1.6', 'up to 1.6');
export const roundcube17: Signature = ofEra('expires_at', '1.7', '1.7 and later');
