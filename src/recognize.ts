/**
 * Which PHP application a database's sessions are of, and the options for it: `import { recognize } from 'php-session-bridge/recognize'`.
 */
import './node-version.ts';

export type { PhpOptions } from './php-ini/options.ts';
export type {
  OptionValue,
  OptionValues,
  PresetName,
  Recognition,
  RecognizedFormat,
  Unknown,
} from './recognize/recognition.ts';
export { type RecognizeOptions, recognize } from './recognize/recognize.ts';
export type { MysqlStoreOptions } from './stores/mysql/options.ts';
