/**
 * Values of a Horde session: `import { hordeSession } from 'php-session-bridge/horde'`. See docs/horde.md.
 */
export { PhpSessionError, type PhpSessionErrorCode } from '../errors.ts';
export type { HordeCipher } from './cipher.ts';
export { HordeSession, hordeSession } from './session.ts';
