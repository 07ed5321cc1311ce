/** The manual of 4, "DatabaseHandler Driver". */
const schema = `CREATE TABLE ci_sessions (id varchar(128) NOT NULL, ip_address varchar(45) NOT NULL,
  timestamp timestamp DEFAULT CURRENT_TIMESTAMP NOT NULL, data blob NOT NULL, KEY ci_sessions_timestamp (timestamp), PRIMARY KEY (id))
  DEFAULT CHARSET utf8mb4 COLLATE utf8mb4_general_ci`;
/** The manual of 3, "Database Driver". */
const schema3 = `CREATE TABLE ci_sessions (id varchar(128) NOT NULL, ip_address varchar(45) NOT NULL,
  timestamp int(10) unsigned DEFAULT 0 NOT NULL, data blob NOT NULL, KEY ci_sessions_timestamp (timestamp), PRIMARY KEY (id))
  DEFAULT CHARSET utf8mb4 COLLATE utf8mb4_general_ci`;

const four = (/** @type {string} */ version) => ({
  page: 'codeigniter.php',
  schema,
  version,
  needs: `codeigniter4${version}/system/Session/Session.php`,
});

/** @type {import('./shared/run.mjs').Application[]} */
export const applications = [
  {
    title: 'CodeIgniter 3',
    page: 'codeigniter3.php',
    schema: schema3,
    preset: ({ codeIgniter }) => codeIgniter({ version: '3.1' }),
    needs: 'codeigniter3/system/core/CodeIgniter.php',
  },
  {
    ...four('-4.2.10'),
    title: 'CodeIgniter 4.2.10',
    preset: ({ codeIgniter }) => codeIgniter({ version: '4.2.10' }),
  },
  { ...four('-4.4.8'), title: 'CodeIgniter 4.4.8', preset: ({ codeIgniter }) => codeIgniter({ version: '4.4.8' }) },
  { ...four(''), title: 'CodeIgniter 4.7', preset: ({ codeIgniter }) => codeIgniter() },
];
