import { symfonyForms } from './shared/symfony-forms.mjs';

/** `PdoSessionHandler::createTable()`; from 4.4 to 6.1 the index is EXPIRY. */
const schema = `CREATE TABLE sessions (sess_id VARBINARY(128) NOT NULL PRIMARY KEY, sess_data BLOB NOT NULL,
  sess_lifetime INTEGER UNSIGNED NOT NULL, sess_time INTEGER UNSIGNED NOT NULL, INDEX sess_lifetime_idx (sess_lifetime))
  COLLATE utf8mb4_bin, ENGINE = InnoDB`;

const debian = { page: 'symfony.php', schema, bag: ['_sf2_attributes'], forms: symfonyForms() };
const folder = (/** @type {string} */ version) => ({
  ...debian,
  version,
  env: { PSB_SYMFONY_FOLDER: '1' },
  needs: `symfony${version}/src/Symfony/Component/HttpFoundation/Session/Session.php`,
});
const modes = /** @type {const} */ (['none', 'advisory', 'row']); // In the order of Symfony's numbers.

/** @type {import('./shared/run.mjs').Application[]} */
export const applications = [
  ...modes.map((lock, number) => ({
    ...debian,
    title: `Symfony 5.4, lock ${lock}`,
    preset: ({ symfony }) => symfony({ version: '5.4', lock }),
    env: { PSB_SYMFONY_LOCK: String(number) },
  })),
  { ...folder(''), title: 'Symfony 7', logsIn: true, preset: ({ symfony }) => symfony() },
  {
    ...folder('-4.3'),
    title: 'Symfony 4.3',
    preset: ({ symfony }) => symfony({ version: '4.3' }),
    forms: symfonyForms('4.3'),
  },
];
