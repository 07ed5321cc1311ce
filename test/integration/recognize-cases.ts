import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Connection } from 'mysql2/promise';
import * as presets from '../../src/presets/index.ts';
import type { Recognition } from '../../src/recognize.ts';
import { readApplications, readLogins, rowsOfNow } from '../applications/shared/recorded.mjs';
import { seeing } from '../applications/shared/run.mjs';
import { cases as withPreset } from './presets-cases.ts';

const root = join(__dirname, '../..');

/** An application's table, with a login. */
export interface RecognizeCase {
  readonly title: string;
  readonly table: string;
  /** The table as the application makes it. */
  readonly schema: string;
  /** Puts the rows in that its own classes have written. */
  fill(connection: Connection): Promise<void>;
  /** What the browser sends. */
  readonly cookie: string;
  /** Who is logged in. */
  readonly who: unknown;
  // biome-ignore lint/suspicious/noExplicitAny: what is in a session is up to the application
  see(session: any, ctx: any): unknown;
  /** What only the site's owner knows: variables of the environment that the code names. */
  readonly env: Record<string, string>;
  /** Options that have another value than the default: they are among the unknown ones. */
  readonly own: Record<string, string>;
  readonly is: Partial<Recognition>;
  /** The same of the table without a row. */
  readonly empty: Partial<Recognition>;
}

type Expected = [is: Partial<Recognition>, empty?: Partial<Recognition>];
const php = { format: 'php' } as const;

const cakephp: Expected = [
  { application: 'CakePHP', preset: 'cakephp', certainty: 'sure', options: {}, ...php },
  { certainty: 'likely', versions: '3 and later' },
];

/** Of fixtures/applications.json. */
const recorded: Record<string, Expected> = {
  'CakePHP 5': cakephp,
  'CakePHP 5, cakephp/authentication': cakephp,
  'CodeIgniter 3': [
    {
      ...{ application: 'CodeIgniter', preset: 'codeIgniter', certainty: 'sure', options: { version: '3.1' }, ...php },
      session: {},
    },
    { versions: '3.1', options: { version: '3.1' } },
  ],
  'CodeIgniter 4.2.10': [
    { application: 'CodeIgniter', preset: 'codeIgniter', options: { version: '4.2.10' }, versions: '4.0 to 4.2.10' },
    { versions: '4', options: {} },
  ],
  'CodeIgniter 4.4.8': [
    {
      ...{ application: 'CodeIgniter', preset: 'codeIgniter', versions: '4.2.11 to 4.5' },
      options: { version: '4.5', name: 'ci_session' },
    },
  ],
  'CodeIgniter 4.7': [
    {
      ...{ application: 'CodeIgniter', preset: 'codeIgniter', versions: '4.6 and later', ...php },
      options: { version: '4.7', name: 'ci_session' },
    },
  ],
  'Laravel 8': [
    {
      ...{ application: 'Laravel', preset: 'laravel', certainty: 'sure', versions: '8 to 13' },
      options: { serialization: 'php', encrypt: false },
      ...{ encoding: 'base64', format: 'php_serialize' },
    },
    { certainty: 'sure', options: {} },
  ],
  'Laravel 8, encrypt': [
    {
      ...{ application: 'Laravel', preset: 'laravel', options: { encrypt: true }, encoding: "Laravel's encryption" },
    },
  ],
  'Laravel 13': [
    { application: 'Laravel', options: { serialization: 'php', encrypt: false }, format: 'php_serialize' },
  ],
  'Laravel 13, serialization json': [
    { application: 'Laravel', options: { serialization: 'json', encrypt: false }, encoding: 'base64', format: 'json' },
  ],
  'Laravel 13, encrypt': [{ application: 'Laravel', options: { encrypt: true } }],
  'Symfony 5.4, lock none': [{ application: 'Symfony', preset: 'symfony', options: { version: '7' } }],
  'Symfony 5.4, lock advisory': [{ application: 'Symfony', preset: 'symfony', options: { version: '7' } }],
  'Symfony 5.4, lock row': [{ application: 'Symfony', preset: 'symfony', options: { version: '7' } }],
  'Symfony 7': [
    {
      ...{ application: 'Symfony', preset: 'symfony', certainty: 'sure', versions: '4.4 and later' },
      ...{ options: { version: '7' }, ...php },
    },
    { versions: '4.4 and later' },
  ],
  'Symfony 4.3': [
    { application: 'Symfony', options: { version: '4.3', gcMaxlifetime: 1440 }, versions: '2.6 to 4.3' },
    { application: 'Symfony' },
  ],
  'Yii 2': [
    { application: 'Yii', preset: 'yii', certainty: 'sure', options: {}, ...php },
    { certainty: 'likely', preset: 'yii' },
  ],
};

/** Of test/integration/presets-cases.ts. */
const others: Record<string, [...Expected, env?: Record<string, string>]> = {
  'roundcube-1.6': [
    {
      application: 'Roundcube',
      preset: 'roundcube',
      options: { version: '1.6', prefix: '' },
      encoding: 'base64',
      ...php,
    },
    { versions: 'up to 1.6' },
  ],
  'roundcube-1.7': [
    {
      application: 'Roundcube',
      preset: 'roundcube',
      options: { version: '1.7', prefix: '' },
      encoding: 'base64',
      ...php,
    },
    { versions: '1.7 and later' },
  ],
  drupal: [
    { application: 'Drupal', preset: 'drupal', certainty: 'sure', ...php },
    {},
    { SITE_HOST: 'www.example.com' },
  ],
  magento: [
    { application: 'Magento', preset: 'magento', options: { prefix: 'shop_' }, encoding: 'base64', ...php },
    { versions: '2' },
  ],
  moodle: [
    { application: 'Moodle', preset: 'moodle', encoding: 'base64', certainty: 'sure', ...php },
    { application: 'Moodle' },
  ],
  joomla: [
    { application: 'Joomla', preset: 'joomla', options: { prefix: 'jos_' }, ...php },
    {},
    { JOOMLA_SECRET: 'made-up' },
  ],
  typo3: [
    { application: 'TYPO3', preset: 'typo3', options: { loginType: 'FE' }, format: 'php_serialize' },
    {},
    { TYPO3_ENCRYPTION_KEY: '0123456789abcdef'.repeat(6), TYPO3_DOMAIN: 'www.example.com' },
  ],
  horde: [{ application: 'Horde', preset: 'horde', certainty: 'sure', ...php }, {}],
  opencart: [
    { application: 'OpenCart', preset: 'openCart', options: { prefix: 'oc_' }, format: 'json', certainty: 'sure' },
    { certainty: 'likely' },
  ],
  matomo: [
    {
      ...{ application: 'Matomo', preset: 'matomo', certainty: 'sure', format: 'php_serialize' },
      options: { prefix: 'matomo_', loginCookieExpire: 1_209_600 },
    },
    { certainty: 'likely' },
    { MATOMO_SALT: 'made-up-salt' },
  ],
  adodb: [
    { application: 'ADOdb', preset: 'adodb', certainty: 'sure', encoding: 'rawurlencode', ...php },
    {},
    { SESSION_GC_MAXLIFETIME: '1440' },
  ],
  laminas: [
    {
      ...{ application: 'Laminas', preset: 'laminas', certainty: 'sure', ...php },
      options: { name: 'PHPSESSID', lifetime: 1440 },
    },
    { certainty: 'likely' },
  ],
};

/** Rows of applications that were not run with their own classes. */
const made: Record<string, { id: string; row: Record<string, string | number> }> = {
  magento: {
    id: '139b580f9a0bf4b79a19c7c2e4ddca05',
    row: { session_data: base64('_session_validator_data|a:0:{}customer_base|a:1:{s:11:"customer_id";s:2:"42";}') },
  },
  moodle: {
    id: '0284a198733d98c1eed0a3fe2fc78d65',
    row: {
      userid: 42,
      sessdata: base64('USER|O:8:"stdClass":2:{s:2:"id";i:42;s:8:"username";s:5:"alice";}SESSION|O:8:"stdClass":0:{}'),
    },
  },
};

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

export async function readCases(): Promise<RecognizeCase[]> {
  const logins = readLogins(root);
  const applications = await readApplications(root);
  const key = { APP_KEY: `base64:${Buffer.alloc(32, 'made up').toString('base64')}` };
  const first = Object.entries(recorded).map(([title, [is, empty = {}]]): RecognizeCase => {
    const application = applications.find((one) => one.title === title)!;
    const { who = 'alice' } = application;
    const preset = application.preset(presets);
    const table = preset.store.table!;
    return {
      ...{ title, table, is, empty, env: key, schema: application.schema, cookie: logins[title]!.cookie },
      ...{ who: Number(who) || who, see: seeing(application, preset) },
      own: title.startsWith('Laravel 8') ? { name: 'laravel_session' } : {},
      async fill(connection) {
        for (const row of rowsOfNow(logins[title]!)) await connection.query(`INSERT INTO ${table} SET ?`, [row]);
      },
    };
  });
  const second = withPreset.map((one): RecognizeCase => {
    const [is, empty = {}, env = {}] = others[one.name]!;
    const { preset, create, times } = one;
    const table = preset.store.table!;
    const file = join(root, `fixtures/presets/${one.name}.json`);
    const { id, row } = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : madeRow(one.name, preset);
    return {
      ...{ title: one.name, table, schema: create, is, empty, env, own: {}, who: one.user, see: one.userOf },
      cookie: preset.session.cookieEncoding?.encode(id, preset.session.name!) ?? id,
      async fill(connection) {
        const values = Object.values(row).map((it) => (typeof it === 'string' ? Buffer.from(it, 'latin1') : it));
        await connection.query(
          `INSERT INTO ${table} (${[...Object.keys(row), ...Object.keys(times)]})
           VALUES (${[...values.map(() => '?'), ...Object.values(times)]})`,
          values,
        );
      },
    };
  });
  return [...first, ...second];
}

function madeRow(name: string, { store }: presets.Preset) {
  const { id, row } = made[name]!;
  return { id, row: { [store.columns!.id!]: id, ...row } };
}
