/** config/schema/sessions.sql of the application skeleton */
const schema = `CREATE TABLE sessions (id CHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL, created DATETIME DEFAULT CURRENT_TIMESTAMP,
  modified DATETIME DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP, data BLOB DEFAULT NULL, expires INT(10) UNSIGNED DEFAULT NULL,
  PRIMARY KEY (id)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4`;

/** The users of CakePHP's tutorials, and one with the password `geheim`. */
const users = `CREATE TABLE users (id INT AUTO_INCREMENT PRIMARY KEY, username VARCHAR(255) NOT NULL, email VARCHAR(255) NOT NULL,
  password VARCHAR(255) NOT NULL, created DATETIME, modified DATETIME);
  INSERT INTO users VALUES (42, 'alice', 'alice@example.com', '$2y$10$tA2XG4JgBOQVHsx1ZPYUJO4/OqiWEe4lWGFgIacJCGCm0msVWCKlG',
  '2026-01-02 03:04:05', '2026-01-02 03:04:05')`;

const cakephp5 = {
  page: 'cakephp.php',
  schema,
  preset: ({ cakephp }) => cakephp(),
  needs: 'cakephp/src/Http/Session.php',
};

/** @type {import('./shared/run.mjs').Application[]} */
export const applications = [
  { ...cakephp5, title: 'CakePHP 5' },
  {
    ...cakephp5,
    title: 'CakePHP 5, cakephp/authentication',
    schema: `${schema}; ${users}`,
    needs: 'cakephp-authentication/src/Authenticator/SessionAuthenticator.php',
    env: { PSB_CAKEPHP_LOGIN: '1' },
    who: '42',
    logsIn: true,
  },
];
