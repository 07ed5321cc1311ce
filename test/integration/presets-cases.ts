import { type PhpObject, unserialize } from '../../src/codec/index.ts';
import type { MysqlStoreOptions } from '../../src/mysql.ts';
import * as presets from '../../src/presets/index.ts';

// biome-ignore lint/suspicious/noExplicitAny: what is in a session is up to the application
type Data = Record<string, any>;

/** An application whose sessions Node shares by a preset; PHP's side is test/php/presets. */
export interface Case {
  /** As in applications.php there. */
  name: string;
  preset: presets.Preset;
  /** The table as the application makes it. */
  create: string;
  /** What a row that is put back has in its columns of times. */
  times: Record<string, string>;
  /** What only the site's owner knows. */
  own?: Partial<MysqlStoreOptions>;
  /** Who is logged in: as PHP says it, and where Node finds it. */
  user: unknown;
  userOf(session: Data): unknown;
  /** What the preset's `login` says of that login; missing: it has none. */
  claim?: object;
  /** A second cookie of the visitor. */
  cookie?(session: Data, time: number): string;
  /** Stores `node` in a session, and what the row then has. */
  add(session: Data): void;
  added(before: string): string;
  /** What a row that Node has made has in other columns. Missing: Node makes none. */
  made?: Record<string, unknown>;
}

const value = () => ({ cart: [7, 'é'] });
const serialized = 'a:1:{s:4:"cart";a:2:{i:0;i:7;i:1;s:2:"é";}}';
/** Of the format `php`, where a new variable is last. */
const php = {
  add: (session: Data) => {
    session.node = value();
  },
  added: (before: string) => `${before}node|${serialized}`,
};
/** Of `serialize()`, in the first array that there is. */
const inArray = (text: string) =>
  text.replace(/^a:(\d+):\{(.*)\}$/s, (_, size, inner) => `a:${Number(size) + 1}:{${inner}s:4:"node";${serialized}}`);

const encryptionKey = '0123456789abcdef'.repeat(6);
/** The zone of PHP's connection, where a time is a DATETIME without one. */
export const zone = '+02:00';
const unix = 'UNIX_TIMESTAMP()';

function userOfJoomla(text: string): unknown {
  const registry = unserialize(Buffer.from(text, 'base64')) as PhpObject;
  return ((registry.get('data') as PhpObject).get('user') as PhpObject).get('username');
}

const roundcube = {
  own: { timeZone: zone },
  user: 'alice',
  userOf: (session: Data) => session.username,
  claim: { id: 42, name: 'alice', since: 5, unchecked: ['exists'] },
  cookie: (session: Data, time: number) => `roundcube_sessauth=${session.auth_secret}-${time - (time % 300)}`,
  ...php,
  made: { ip: '127.0.0.1' },
};
const roundcubeTable = (time: string) => `CREATE TABLE session (sess_id varchar(128) NOT NULL,
  ${time} datetime NOT NULL DEFAULT '1000-01-01 00:00:00', ip varchar(40) NOT NULL, vars mediumtext NOT NULL, PRIMARY KEY (sess_id),
  INDEX ${time}_index (${time})) ROW_FORMAT=DYNAMIC ENGINE=INNODB CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci`;

export const cases: Case[] = [
  {
    name: 'roundcube-1.6',
    preset: presets.roundcube({ version: '1.6.5' }),
    create: roundcubeTable('changed'),
    times: { changed: 'NOW()' },
    ...roundcube,
  },
  {
    name: 'roundcube-1.7',
    preset: presets.roundcube({ version: '1.7' }),
    create: roundcubeTable('expires_at'),
    times: { expires_at: 'NOW() + INTERVAL 600 SECOND' },
    ...roundcube,
  },
  {
    name: 'drupal',
    preset: presets.drupal({ host: 'www.example.com', secure: false }),
    create: `CREATE TABLE sessions (uid int unsigned NOT NULL, sid varchar(128) CHARACTER SET ascii COLLATE ascii_general_ci NOT NULL,
      hostname varchar(128) CHARACTER SET ascii COLLATE ascii_general_ci NOT NULL DEFAULT '', timestamp bigint NOT NULL DEFAULT 0, session longblob,
      PRIMARY KEY (sid), KEY timestamp (timestamp), KEY uid (uid)) DEFAULT CHARSET utf8mb4`,
    times: { timestamp: unix },
    user: '42',
    userOf: (session) => session._sf2_attributes?.uid,
    claim: { id: '42', unchecked: ['exists', 'enabled'] },
    add: (session) => {
      session._sf2_attributes ??= {};
      session._sf2_attributes.node = value();
    },
    added: (before) => {
      const [, name, array, rest] = /^(_sf2_attributes\|)(a:1:\{.*?\})(.*)$/s.exec(before)!;
      return name + inArray(array!) + rest;
    },
    made: { uid: 0, hostname: '127.0.0.1' },
  },
  {
    name: 'magento',
    preset: presets.magento({ prefix: 'shop_' }),
    create: `CREATE TABLE shop_session (session_id varchar(255) NOT NULL COMMENT 'Session Id', session_expires int unsigned NOT NULL DEFAULT 0,
      session_data mediumblob NOT NULL, PRIMARY KEY (session_id)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3`,
    times: { session_expires: unix },
    user: '42',
    userOf: (session) => session.customer_base?.customer_id,
    claim: { id: '42', unchecked: ['exists', 'password', 'address', 'browser'] },
    ...php,
    made: {},
  },
  {
    name: 'moodle',
    preset: presets.moodle({ dbname: 'preset_moodle' }),
    create: `CREATE TABLE mdl_sessions (id bigint NOT NULL AUTO_INCREMENT, state bigint NOT NULL DEFAULT 0, sid varchar(128) NOT NULL DEFAULT '',
      userid bigint NOT NULL, sessdata longtext, timecreated bigint NOT NULL, timemodified bigint NOT NULL, firstip varchar(45),
      lastip varchar(45), PRIMARY KEY (id), UNIQUE KEY mdl_sess_sid_uix (sid), KEY mdl_sess_sta_ix (state),
      KEY mdl_sess_tim_ix (timecreated), KEY mdl_sess_tim2_ix (timemodified), KEY mdl_sess_use_ix (userid))
      ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=COMPRESSED`,
    times: { timecreated: unix, timemodified: unix },
    user: 'alice',
    userOf: (session) => session.USER?.get('username'),
    claim: { id: '42', name: 'alice', unchecked: ['address', 'secondFactor'] },
    ...php,
  },
  {
    name: 'joomla',
    preset: presets.joomla({ secret: 'made-up', prefix: 'jos_' }),
    create: `CREATE TABLE jos_session (session_id varbinary(192) NOT NULL, client_id tinyint unsigned DEFAULT NULL, guest tinyint unsigned DEFAULT 1,
      time int NOT NULL DEFAULT 0, data mediumtext, userid int DEFAULT 0, username varchar(150) DEFAULT '', PRIMARY KEY (session_id),
      KEY userid (userid), KEY time (time), KEY client_id_guest (client_id, guest)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4
      DEFAULT COLLATE=utf8mb4_unicode_ci`,
    times: { time: unix },
    user: 'alice',
    userOf: ({ joomla }) => joomla && userOfJoomla(joomla),
    claim: { id: 42, name: 'alice', unchecked: ['exists', 'secondFactor'] },
    ...php,
    made: { guest: 1, userid: 0 },
  },
  {
    name: 'typo3',
    preset: presets.typo3({ encryptionKey, scope: { domain: 'www.example.com' } }),
    create: `CREATE TABLE fe_sessions (ses_id varchar(190) DEFAULT '' NOT NULL, ses_iplock varchar(39) DEFAULT '' NOT NULL,
      ses_userid int(11) unsigned DEFAULT '0' NOT NULL, ses_tstamp int(11) unsigned DEFAULT '0' NOT NULL, ses_data mediumblob,
      ses_permanent tinyint(1) unsigned DEFAULT '0' NOT NULL, PRIMARY KEY (ses_id), KEY ses_tstamp (ses_tstamp)) ENGINE=InnoDB`,
    times: { ses_tstamp: unix },
    user: 'alice',
    userOf: (session) => session.shop?.user,
    claim: { id: 42, guard: 'FE', unchecked: ['exists', 'enabled'] },
    add: php.add,
    added: inArray,
    made: { ses_userid: 0, ses_iplock: '[DISABLED]' },
  },
  {
    name: 'horde',
    // It has recorded no browser, and began long ago.
    preset: presets.horde({ checkbrowser: false, maxTime: 0 }),
    create: `CREATE TABLE horde_sessionhandler (session_id varchar(32) NOT NULL PRIMARY KEY, session_lastmodified int(11) NOT NULL,
      session_data longblob, KEY index_horde_sessionhandler_on_session_lastmodified (session_lastmodified))
      ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci`,
    times: { session_lastmodified: unix },
    user: 'alice',
    userOf: (session) => session.horde?.['auth/userId']?.slice(1),
    claim: { id: 'alice', name: 'alice', since: 5, unchecked: [] },
    ...php,
    made: {},
  },
  {
    name: 'opencart',
    preset: presets.openCart(),
    create: `CREATE TABLE oc_session (session_id varchar(32) NOT NULL, data mediumtext NOT NULL, expire datetime NOT NULL,
      PRIMARY KEY (session_id), KEY expire (expire)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci`,
    times: { expire: 'UTC_TIMESTAMP() + INTERVAL 86400 SECOND' },
    user: 42,
    userOf: (session) => session.customer_id,
    claim: { id: 42, unchecked: ['exists', 'enabled'] },
    add: php.add,
    added: (before) => `${before.slice(0, -1)},"node":{"cart":[7,"\\u00e9"]}}`,
    made: {},
  },
  {
    name: 'matomo',
    preset: presets.matomo({ salt: 'made-up-salt' }),
    create: `CREATE TABLE matomo_session (id VARCHAR(191) NOT NULL, modified INTEGER, lifetime INTEGER, data MEDIUMTEXT, PRIMARY KEY (id))
      ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 ROW_FORMAT=DYNAMIC`,
    times: { modified: unix },
    user: 'alice',
    userOf: (session) => session['user.name'],
    claim: { id: 'alice', name: 'alice', since: 5, unchecked: ['exists', 'password', 'secondFactor'] },
    add: php.add,
    added: inArray,
    made: { lifetime: 1_209_600 },
  },
  {
    name: 'adodb',
    preset: presets.adodb(),
    create: `CREATE TABLE sessions2 (SESSKEY VARCHAR(64) NOT NULL, EXPIRY DATETIME NOT NULL, CREATED DATETIME NOT NULL, MODIFIED DATETIME NOT NULL,
      EXPIREREF VARCHAR(250), SESSDATA LONGTEXT NOT NULL, PRIMARY KEY (SESSKEY))`,
    times: { EXPIRY: 'NOW() + INTERVAL 1440 SECOND', CREATED: 'NOW()', MODIFIED: 'NOW()' },
    own: { timeZone: zone, gcMaxlifetime: 1440 },
    user: 'alice',
    userOf: (session) => session.user,
    ...php,
    made: { EXPIREREF: '' },
  },
  {
    name: 'laminas',
    preset: presets.laminas(),
    create: `CREATE TABLE session (id char(32), name char(32), modified int, lifetime int, data text, PRIMARY KEY (id, name));
      ALTER TABLE session ADD UNIQUE (id)`,
    times: { modified: unix },
    user: 'alice',
    userOf: (session) => session.user,
    ...php,
    made: { name: 'PHPSESSID', lifetime: 1440 },
  },
];
