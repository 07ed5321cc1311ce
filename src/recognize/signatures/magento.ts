import { base64 } from '../../stores/base64.ts';
import type { Signature } from '../signature.ts';

const columns = { session_id: 'key', session_expires: 'int', session_data: 'data' } as const;
/** `session_expires` is when it was last used. */
const names = { id: 'session_id', data: 'session_data', time: 'session_expires', meaning: 'lastUsed' } as const;

/** `Magento\Framework\Session\SaveHandler\DbTable`. */
export const magento: Signature = {
  application: 'Magento',
  preset: 'magento',
  columns,
  ...names,
  usualTable: 'session',
  prefix: 'prefix',
  table: /^(?!.*core_session$).*session$/,
  shownBy: 'columns',
  encoding: base64,
  marks: ['_session_validator_data', 'customer_base', 'default', 'checkout', 'core'],
  hasRawIds: true,
  read: ({ rows, contents }) => ({
    versions: '2',
    ...(rows.length === 0 &&
      contents.length === 0 && {
        todo: [
          "The table is there with every session handler: look that 'save' of 'session' in app/etc/env.php is 'db'",
        ],
      }),
  }),
};

/** Magento 1 and OpenMage, whose rows are not packed. */
export const magento1: Signature = {
  application: 'Magento',
  columns,
  ...names,
  usualTable: 'core_session',
  table: /core_session$/,
  shownBy: 'columns',
  marks: [],
  read: () => ({ versions: '1', hasPreset: false, todo: ['There is no preset for Magento 1 and OpenMage'] }),
};
