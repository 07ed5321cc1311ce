/** Tables of other software that have something of a session table: none has PHP's sessions. */
export interface Lookalike {
  readonly title: string;
  readonly sql: string;
}

const now = 'UNIX_TIMESTAMP()';
const id = '0284a198733d98c1eed0a3fe2fc78d65';
const express =
  '{"cookie":{"originalMaxAge":86400000,"expires":"2030-01-01T00:00:00.000Z","httpOnly":true,"path":"/"},"user":"alice"}';

export const lookalikes: readonly Lookalike[] = [
  {
    title: 'express-mysql-session',
    sql: `CREATE TABLE sessions (session_id varchar(128) COLLATE utf8mb4_bin NOT NULL, expires int(11) unsigned NOT NULL,
      data mediumtext COLLATE utf8mb4_bin, PRIMARY KEY (session_id)) ENGINE=InnoDB;
      INSERT INTO sessions VALUES ('${id}', ${now} + 86400, '${express}')`,
  },
  {
    title: 'connect-session-knex',
    sql: `CREATE TABLE sessions (sid varchar(255) NOT NULL PRIMARY KEY, sess json NOT NULL, expired datetime NOT NULL, KEY (expired));
      INSERT INTO sessions VALUES ('${id}', '${express}', NOW() + INTERVAL 1 DAY)`,
  },
  {
    title: 'a store of express-session with the columns of OpenCart',
    sql: `CREATE TABLE app_session (session_id varchar(128) NOT NULL PRIMARY KEY, data mediumtext NOT NULL, expire datetime NOT NULL);
      INSERT INTO app_session VALUES ('${id}', '${express}', NOW() + INTERVAL 1 DAY)`,
  },
  {
    title: 'a store of express-session with the columns of Yii',
    sql: `CREATE TABLE session (id varchar(255) NOT NULL PRIMARY KEY, expire int, data longtext);
      INSERT INTO session VALUES ('${id}', ${now} + 86400, '${express}')`,
  },
  {
    title: 'connect-mysql',
    sql: `CREATE TABLE _mysql_session_store (id varchar(255) NOT NULL PRIMARY KEY, expires bigint NULL, data text);
      INSERT INTO _mysql_session_store VALUES ('${id}', ${now} * 1000, '${express}')`,
  },
  {
    title: 'Rails',
    sql: `CREATE TABLE sessions (id bigint NOT NULL AUTO_INCREMENT PRIMARY KEY, session_id varchar(255) NOT NULL, data text,
      created_at datetime(6) NOT NULL, updated_at datetime(6) NOT NULL, UNIQUE KEY (session_id), KEY (updated_at));
      INSERT INTO sessions VALUES (1, '2::${id}${id}', 'BAh7B0kiCXVzZXIGOgZFVEkiCmFsaWNlBjsAVEkiEF9jc3JmX3Rva2VuBjsARkkiBngGOwBG', NOW(), NOW())`,
  },
  {
    title: 'Django',
    sql: `CREATE TABLE django_session (session_key varchar(40) NOT NULL PRIMARY KEY, session_data longtext NOT NULL,
      expire_date datetime(6) NOT NULL, KEY (expire_date));
      INSERT INTO django_session VALUES ('${id}', '.eJxVjDsOwjAQBe_iGlmxN_5R0nMGa9e7wQGUSPlUiLuTSCmg_cEbA', NOW() + INTERVAL 1 DAY)`,
  },
  {
    title: 'sessions of a conference',
    sql: `CREATE TABLE sessions (id int NOT NULL AUTO_INCREMENT PRIMARY KEY, title varchar(200) NOT NULL, speaker varchar(100), start datetime NOT NULL,
      data text); INSERT INTO sessions VALUES (1, 'Sessions', 'alice', NOW(), 'a talk')`,
  },
  {
    title: 'sessions of a gym',
    sql: `CREATE TABLE session (id varchar(36) NOT NULL PRIMARY KEY, name varchar(32), modified int, lifetime int, data text);
      INSERT INTO session VALUES ('3f0b9d3a-7a59-4a51-9c0e-2f3d0f1f3b11', 'Yoga', ${now}, 60, 'Bring a mat')`,
  },
  {
    title: "Laravel's cache and queue",
    sql: `CREATE TABLE cache (\`key\` varchar(255) NOT NULL PRIMARY KEY, value mediumtext NOT NULL, expiration int NOT NULL);
      INSERT INTO cache VALUES ('laravel_cache_5c785c036466adea360111aa28563bfd556b5fba', 'a:1:{s:4:"user";s:5:"alice";}', ${now});
      CREATE TABLE cache_locks (\`key\` varchar(255) NOT NULL PRIMARY KEY, owner varchar(255) NOT NULL, expiration int NOT NULL);
      INSERT INTO cache_locks VALUES ('laravel_cache_session:${id}', 'JcJO6tif24YGUmEY', ${now});
      CREATE TABLE jobs (id bigint unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY, queue varchar(255) NOT NULL, payload longtext NOT NULL,
      attempts tinyint unsigned NOT NULL, reserved_at int unsigned, available_at int unsigned NOT NULL, created_at int unsigned NOT NULL);
      INSERT INTO jobs VALUES (1, 'default', '{"uuid":"x"}', 0, NULL, ${now}, ${now})`,
  },
  {
    title: 'WordPress and WooCommerce',
    sql: `CREATE TABLE wp_options (option_id bigint unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY, option_name varchar(191) NOT NULL UNIQUE,
      option_value longtext NOT NULL, autoload varchar(20) NOT NULL);
      INSERT INTO wp_options VALUES (1, '_transient_${id}', 'a:1:{i:0;s:1:"x";}', 'yes');
      CREATE TABLE wp_usermeta (umeta_id bigint unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY, user_id bigint, meta_key varchar(255), meta_value longtext);
      INSERT INTO wp_usermeta VALUES (1, 1, 'session_tokens', 'a:1:{s:64:"${id}${id}";a:1:{s:10:"expiration";i:1;}}');
      CREATE TABLE wp_woocommerce_sessions (session_id bigint unsigned NOT NULL AUTO_INCREMENT, session_key char(32) NOT NULL,
      session_value longtext NOT NULL, session_expiry bigint unsigned NOT NULL, PRIMARY KEY (session_id), UNIQUE KEY session_key (session_key));
      INSERT INTO wp_woocommerce_sessions VALUES (1, '${id}', 'a:1:{s:4:"cart";s:6:"a:0:{}";}', ${now} + 86400)`,
  },
  {
    title: 'phpBB',
    sql: `CREATE TABLE phpbb_sessions (session_id char(32) NOT NULL PRIMARY KEY, session_user_id int unsigned NOT NULL, session_last_visit int unsigned,
      session_start int unsigned, session_time int unsigned NOT NULL, session_ip varchar(40), session_browser varchar(150), session_page varchar(255),
      KEY session_time (session_time)); INSERT INTO phpbb_sessions VALUES ('${id}', 2, 0, ${now}, ${now}, '192.0.2.1', 'node', 'index.php')`,
  },
  {
    title: 'tokens of OAuth (Passport)',
    sql: `CREATE TABLE oauth_access_tokens (id varchar(100) NOT NULL PRIMARY KEY, user_id bigint, client_id bigint NOT NULL, name varchar(255), scopes text,
      revoked tinyint(1) NOT NULL, created_at timestamp NULL, updated_at timestamp NULL, expires_at datetime);
      INSERT INTO oauth_access_tokens VALUES ('${id}${id}', 1, 1, 'x', '[]', 0, NOW(), NOW(), NOW())`,
  },
  {
    title: 'PrestaShop',
    sql: `CREATE TABLE ps_customer_session (id_customer_session int unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY, id_customer int unsigned, token varchar(40),
      date_add datetime NOT NULL, date_upd datetime NOT NULL); INSERT INTO ps_customer_session VALUES (1, 1, '${id}', NOW(), NOW())`,
  },
  {
    title: 'Keycloak',
    sql: `CREATE TABLE OFFLINE_USER_SESSION (USER_SESSION_ID varchar(36) NOT NULL, USER_ID varchar(255), REALM_ID varchar(36) NOT NULL, CREATED_ON int NOT NULL,
      OFFLINE_FLAG varchar(4) NOT NULL, DATA longtext, LAST_SESSION_REFRESH int NOT NULL, PRIMARY KEY (USER_SESSION_ID, OFFLINE_FLAG));
      INSERT INTO OFFLINE_USER_SESSION VALUES ('3f0b9d3a-7a59-4a51-9c0e-2f3d0f1f3b11', 'u', 'r', ${now}, '0', '{"ipAddress":"192.0.2.1"}', ${now})`,
  },
  {
    title: 'Superset (Flask-Session)',
    sql: `CREATE TABLE sessions (id int NOT NULL AUTO_INCREMENT PRIMARY KEY, session_id varchar(255) UNIQUE, data blob, expiry datetime);
      INSERT INTO sessions VALUES (1, 'session:${id}', x'80049510000000000000007d9428', NOW())`,
  },
  {
    title: 'NextAuth',
    sql: `CREATE TABLE Session (id varchar(191) NOT NULL PRIMARY KEY, sessionToken varchar(191) NOT NULL UNIQUE, userId varchar(191) NOT NULL, expires datetime(3) NOT NULL);
      INSERT INTO Session VALUES ('ckx1', '${id}', 'u', NOW())`,
  },
  {
    title: 'gorilla/sessions (mysqlstore)',
    sql: `CREATE TABLE sessionstore (id int NOT NULL AUTO_INCREMENT PRIMARY KEY, session_data longblob, created_on timestamp DEFAULT NOW(),
      modified_on timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, expires_on timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP);
      INSERT INTO sessionstore (session_data) VALUES ('MTYwMDAwMDAwMHxEdi1CQkFFQ180SUFBUkFCRUFBQUh2LUNBQUVHYzNSeWFXNW5EQVlBQkhWelpYSUdjM1J5YVc1bkRBY0FCV0ZzYVdObHw=')`,
  },
  {
    title: 'Spring Session',
    sql: `CREATE TABLE SPRING_SESSION (PRIMARY_ID char(36) NOT NULL PRIMARY KEY, SESSION_ID char(36) NOT NULL UNIQUE, CREATION_TIME bigint NOT NULL,
      LAST_ACCESS_TIME bigint NOT NULL, MAX_INACTIVE_INTERVAL int NOT NULL, EXPIRY_TIME bigint NOT NULL, PRINCIPAL_NAME varchar(100));
      CREATE TABLE SPRING_SESSION_ATTRIBUTES (SESSION_PRIMARY_ID char(36) NOT NULL, ATTRIBUTE_NAME varchar(200) NOT NULL, ATTRIBUTE_BYTES blob NOT NULL,
      PRIMARY KEY (SESSION_PRIMARY_ID, ATTRIBUTE_NAME))`,
  },
  {
    title: 'a log of sessions with the columns of CodeIgniter',
    sql: `CREATE TABLE session_log (id varchar(64) NOT NULL PRIMARY KEY, ip_address varchar(45), timestamp timestamp NOT NULL DEFAULT NOW(), data text);
      INSERT INTO session_log VALUES ('entry-0001-of-the-long-log', '192.0.2.1', NOW(), 'alice has logged in')`,
  },
  {
    title: 'analytics',
    sql: `CREATE TABLE analytics_sessions (id char(32) NOT NULL PRIMARY KEY, user_id bigint, ip_address varchar(45), user_agent text, payload longtext NOT NULL, last_activity int NOT NULL);
      INSERT INTO analytics_sessions VALUES ('${id}', NULL, '192.0.2.1', 'node', '{"pages":3}', ${now})`,
  },
  {
    title: 'a key-value table with words in base64',
    sql: `CREATE TABLE data (id varchar(40) NOT NULL PRIMARY KEY, data blob NOT NULL, usetime int NOT NULL);
      INSERT INTO data VALUES ('${id}', 'aGVsbG8gd29ybGQ=', ${now})`,
  },
  {
    title: 'other tables without a row',
    sql: `CREATE TABLE session_settings (id varchar(40) PRIMARY KEY, value text, expire int);
      CREATE TABLE posts (id int PRIMARY KEY, data text, expires int);
      CREATE TABLE cached (id varchar(64) PRIMARY KEY, expire int, data blob);
      CREATE TABLE events (session_id varchar(64), data text, expire datetime);
      CREATE TABLE metrics (id varchar(64) PRIMARY KEY, modified int, lifetime int, data text)`,
  },
];
