/**
 * Values of a Horde session: `import { hordeSession } from 'php-session-bridge/horde'`. See docs/horde.md.
 */
export { PhpSessionError, type PhpSessionErrorCode } from '../errors.ts';
export { HordeBeside, type HordeBesideOptions, hordeBeside } from './beside.ts';
export type { HordeCipher } from './cipher.ts';
export { type HordeLogin, hordeLogin } from './login.ts';
export { type HordeLoginAnswer, type HordeLoginForm, postHordeLogin } from './post-login.ts';
export { HordeSession, hordeSession } from './session.ts';
