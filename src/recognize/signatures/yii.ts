import type { Signature } from '../signature.ts';

/** `DbSession`. */
export const yii: Signature = {
  application: 'Yii',
  preset: 'yii',
  columns: { id: 'key', expire: 'int', data: 'data' },
  ...{ id: 'id', data: 'data', time: 'expire', meaning: 'expiresAt' },
  usualTable: 'session',
  shownBy: 'rows',
  emptyTable: /session$/i,
  marks: ['__flash', '__id', '__returnUrl', '__expire', '__authKey'],
  hasRawIds: true,
  cookie: "name of the component session, or php.ini's session.name",
  read: () => ({ versions: '2.0' }),
};
