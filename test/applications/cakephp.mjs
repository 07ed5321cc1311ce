/** @type {import('./shared/run.mjs').Application[]} */
export const applications = [
  {
    title: 'CakePHP 5',
    page: 'cakephp.php',
    /** config/schema/sessions.sql of the application skeleton */
    schema: `CREATE TABLE sessions (id CHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL, created DATETIME DEFAULT CURRENT_TIMESTAMP,
      modified DATETIME DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP, data BLOB DEFAULT NULL, expires INT(10) UNSIGNED DEFAULT NULL,
      PRIMARY KEY (id)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4`,
    preset: ({ cakephp }) => cakephp(),
    needs: 'cakephp/src/Http/Session.php',
  },
];
