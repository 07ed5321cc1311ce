/**
 * Rows that PHP's side packs once more: `import { base64, encodedStore } from 'php-session-bridge/encoded'`.
 */
import './node-version.ts';

export { base64 } from './stores/base64.ts';
export { encodedStore } from './stores/encoded.ts';
export type { Encoding } from './stores/encoding.ts';
export { rawDeflate } from './stores/raw-deflate.ts';
export { rawurlencode } from './stores/rawurlencode.ts';
export type { SessionStore } from './stores/store.ts';
