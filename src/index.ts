// The codec and the errors; stores and middleware have entries of their own.

export { type DetectedFormat, type DetectOptions, detectSessionFormat } from './codec/detect.ts';
export type { SessionEncoding } from './codec/encodings.ts';
export type { FormatRules } from './codec/formats/format.ts';
export { sessionFormat } from './codec/formats/translate.ts';
export * from './codec/index.ts';
