/**
 * Formats besides PHP's own three, and which format bytes are in:
 * `import { detectSessionFormat, json, sessionFormat } from 'php-session-bridge/formats'`.
 */
export { type DetectedFormat, type DetectOptions, detectSessionFormat } from './codec/detect.ts';
export type { SessionEncoding } from './codec/encodings.ts';
export type { EncodeRules, FormatRules, SessionFormat } from './codec/formats/format.ts';
export type { SessionFormatName } from './codec/formats/framing.ts';
export { json } from './codec/formats/json.ts';
export { sessionFormat } from './codec/formats/translate.ts';
export type { LimitOptions } from './codec/options.ts';
