import { type Answer, optional, type Seen, type Signature } from '../signature.ts';

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
  read,
};

/** `CWebUser` of Yii 1 puts a hash before its keys; `CDbHttpSession` has the same table. */
const OF_YII_1 = /^[0-9a-f]{8,64}__(id|name|states|returnUrl)$/;

const authTimeout = optional(
  'authTimeout',
  'preset',
  'rows have when a login ends, not after how long',
  'authTimeout of the component user',
);

function read({ contents, has }: Seen): Answer {
  const isOne = contents.some(({ session }) => Object.keys(session).some((key) => OF_YII_1.test(key)));
  if (!isOne) {
    if (!yii.marks.some((mark) => has(mark))) return {};
    return { versions: '2.0', ...(has('__expire') && { unknown: [authTimeout] }) };
  }
  return {
    ...{ versions: '1.1', isLikely: true },
    todo: ['The preset is for Yii 2: what Yii 1 stores of a login has a hash before its name'],
  };
}
