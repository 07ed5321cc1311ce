/**
 * Options for the sessions of PHP applications as they are: `import { symfony } from 'php-session-bridge/presets'`.
 */
import '../node-version.ts';

export type * from '../login/login-rules.ts';
export type { CookieEncoding } from '../session/cookie-encoding.ts';
export type { SessionOptions } from '../session/options.ts';
export type { Encoding } from '../stores/encoding.ts';
export type { LaravelLockOptions } from '../stores/mysql/locks.ts';
export type { MysqlStoreOptions } from '../stores/mysql/options.ts';
export { adodb } from './adodb.ts';
export { type CakephpOptions, cakephp } from './cakephp.ts';
export { type CodeIgniterOptions, codeIgniter } from './codeigniter.ts';
export { type DrupalSite, drupal, drupalCookieName } from './drupal.ts';
export { type HordeOptions, horde } from './horde.ts';
export { type JoomlaOptions, joomla } from './joomla.ts';
export { type LaminasOptions, laminas } from './laminas.ts';
export { type LaravelOptions, laravel } from './laravel.ts';
export { laravelCookie } from './laravel-cookie.ts';
export { laravelEncrypted } from './laravel-encrypted.ts';
export type { LaravelCipher, LaravelKeys } from './laravel-encrypter.ts';
export { magento } from './magento.ts';
export { type MatomoOptions, matomo } from './matomo.ts';
export { type MediaWikiOptions, mediaWiki } from './media-wiki.ts';
export { type MoodleOptions, moodle } from './moodle.ts';
export { type OpenCartOptions, openCart } from './open-cart.ts';
export type { Preset, PresetWithLogin } from './preset.ts';
export { type RoundcubeOptions, roundcube } from './roundcube.ts';
export { type SymfonyOptions, symfony } from './symfony.ts';
export { type Typo3Options, typo3 } from './typo3.ts';
export { type Typo3Cookie, type Typo3Scope, typo3Cookie } from './typo3-cookie.ts';
export { type YiiOptions, yii } from './yii.ts';
