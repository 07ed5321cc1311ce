/**
 * Options for the sessions of PHP applications as they are: `import { symfony } from 'php-session-bridge/presets'`.
 */
import '../node-version.ts';

export type { CookieEncoding } from '../session/cookie-encoding.ts';
export type { SessionOptions } from '../session/options.ts';
export type { Encoding } from '../stores/encoding.ts';
export type { MysqlStoreOptions } from '../stores/mysql/options.ts';
export { type CakephpOptions, cakephp } from './cakephp.ts';
export { type CodeIgniterOptions, codeIgniter } from './codeigniter.ts';
export { type LaravelOptions, laravel } from './laravel.ts';
export { laravelCookie } from './laravel-cookie.ts';
export { laravelEncrypted } from './laravel-encrypted.ts';
export type { LaravelCipher, LaravelKeys } from './laravel-encrypter.ts';
export type { Preset } from './preset.ts';
export { type SymfonyOptions, symfony } from './symfony.ts';
export { yii } from './yii.ts';
