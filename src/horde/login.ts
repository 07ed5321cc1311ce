/**
 * Logins of Horde: who is logged in, Node's own data of a login, and a login by Horde's form:
 * `import { hordeBeside } from 'php-session-bridge/horde/login'`. See docs/horde.md.
 */
export { PhpSessionError, type PhpSessionErrorCode } from '../errors.ts';
export { type HordeLogin, hordeLogin } from './accepted-login.ts';
export { HordeBeside, type HordeBesideOptions, hordeBeside } from './beside.ts';
export { type HordeLoginAnswer, type HordeLoginForm, postHordeLogin } from './post-login.ts';
