// Values and sessions, from bytes and back. It imports nothing of Node, so it runs wherever JavaScript does.

// Errors
export { PhpSessionError, type PhpSessionErrorCode } from '../errors.ts';
export type { ClassMapping, ClassOption } from './classes.ts';
export type { SessionFormat } from './formats/format.ts';
export type { SessionFormatName } from './formats/framing.ts';
export { asList, asMap } from './lists.ts';
// Options
export type {
  DecodeOptions,
  EncodeOptions,
  LimitOptions,
  PhpVersion,
  SessionDecodeOptions,
  SessionEncodeOptions,
} from './options.ts';
export type { View } from './rules.ts';
export { serialize, unserialize } from './serialize.ts';
export { decodeSession, encodeSession, type SessionData } from './session.ts';
// Types that PHP has and JavaScript lacks
export {
  isPhpArray,
  isPhpCustom,
  isPhpEnum,
  isPhpFloat,
  isPhpObject,
  isPhpReference,
  PhpArray,
  PhpCustom,
  PhpEnum,
  PhpFloat,
  type PhpKey,
  PhpObject,
  type PhpProperty,
  PhpReference,
  type Visibility,
} from './values.ts';
