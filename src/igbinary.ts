/**
 * The format of PHP's extension igbinary (php.ini's `session.serialize_handler = igbinary`):
 * `import { igbinary } from 'php-session-bridge/igbinary'`.
 */
export type { SessionFormat } from './codec/formats/format.ts';
export { igbinary } from './codec/igbinary/format.ts';
