import { laravelForms } from './shared/laravel-forms.mjs';

/** The migration of `php artisan session:table` (8: `payload` is TEXT). */
const schema = `CREATE TABLE sessions (id VARCHAR(255) NOT NULL PRIMARY KEY, user_id BIGINT UNSIGNED NULL, ip_address VARCHAR(45) NULL,
  user_agent TEXT NULL, payload LONGTEXT NOT NULL, last_activity INT NOT NULL, INDEX (user_id), INDEX (last_activity))
  DEFAULT CHARSET utf8mb4 COLLATE utf8mb4_unicode_ci`;

/** That of `php artisan cache:table`. */
const locks = `CREATE TABLE cache_locks (\`key\` VARCHAR(255) NOT NULL PRIMARY KEY, owner VARCHAR(255) NOT NULL, expiration INT NOT NULL)
  DEFAULT CHARSET utf8mb4 COLLATE utf8mb4_unicode_ci`;

const key = Buffer.alloc(32, 'made up').toString('base64');

/** @param {string} title @param {import('../../src/presets/laravel.ts').LaravelOptions} options @param {object} [settings] of config/session.php */
const application = (title, options, settings = {}) => ({
  title,
  page: 'laravel.php',
  schema: `${schema}; ${locks}`,
  /** @param {typeof import('../../src/presets/index.ts')} presets */
  preset: ({ laravel }) => laravel(options),
  /** @type {Record<string, string>} */
  env: { PSB_LARAVEL_KEY: key, PSB_LARAVEL_SESSION: JSON.stringify({ cookie: cookieOf(options), ...settings }) },
  who: '42',
  logsIn: true,
  forms: laravelForms(
    { key: `base64:${key}` },
    { serialization: options.serialization, dots: options.version !== '8' },
  ),
});

const cookieOf = (/** @type {{ version?: string }} */ { version }) =>
  version === '8' ? 'laravel_session' : 'laravel-session';

const old = { key: `base64:${key}`, version: '8' };
const today = { key: `base64:${key}` };
/** Each route has `block()`. @param {ReturnType<typeof application>} it @param {string} prefix */
const blocking = (it, prefix) => ({ ...it, forms: undefined, env: { ...it.env, PSB_LARAVEL_BLOCK: prefix } });
const folder = (/** @type {ReturnType<typeof application>} */ it) => ({
  ...it,
  env: { ...it.env, PSB_LARAVEL_FOLDER: '1' },
  needs: 'laravel/src/Illuminate/Session/Store.php',
});

/** @type {import('./shared/run.mjs').Application[]} */
export const applications = [
  application('Laravel 8', old),
  blocking(application('Laravel 8, block', { ...old, block: true }), 'laravel_cache_'),
  application('Laravel 8, encrypt', { ...old, encrypt: true }, { encrypt: true }),
  folder(application('Laravel 13', today)),
  folder(blocking(application('Laravel 13, block', { ...today, block: true }), 'laravel-cache-')),
  folder(application('Laravel 13, serialization json', { ...today, serialization: 'json' }, { serialization: 'json' })),
  folder(application('Laravel 13, encrypt', { ...today, encrypt: true }, { encrypt: true })),
];
