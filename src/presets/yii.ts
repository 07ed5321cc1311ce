import type { Preset } from './preset.ts';

/** Yii 2's `DbSession`. */
export function yii(): Preset {
  return {
    name: 'Yii',
    versions: '2.0',
    store: {
      table: 'session',
      columns: { id: 'id', data: 'data', time: 'expire' },
      timeMeaning: 'expiresAt',
      lock: 'none',
    },
    session: { cookieHttponly: true, useStrictMode: true, logoutCookies: ['_identity'] },
  };
}
