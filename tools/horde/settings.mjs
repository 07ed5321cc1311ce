/** Beginning of Horde's secret: its first eight bytes are the IV of all that Horde encrypts. */
export const secretKey = 'a-secret-of-the-lab-alone';

/**
 * `$conf` of Horde, as nested objects. What is off is what the lab does not need.
 *
 * @param {object} lab
 * @param {{ host: string, port: number, user: string, password: string, database: string }} lab.database
 * @param {string} lab.temporary a folder
 * @param {string} lab.log a file
 */
export function hordeSettings({ database, temporary, log }) {
  const sql = { driverconfig: 'horde' };
  const off = { enabled: false };
  return {
    vhosts: false,
    debug_level: 24_567, // E_ALL without notices and deprecations: the code is older than this PHP.
    max_exec_time: 0,
    compress_pages: false,
    secret_key: secretKey,
    umask: 0o77,
    testdisable: true,
    tmpdir: temporary,
    use_ssl: 0,
    server: { name: '127.0.0.1', port: 80 }, // conf.php replaces the port.
    urls: { token_lifetime: 30, hmac_lifetime: 30, pretty: false },
    safe_ips: [],
    session: { name: 'Horde', use_only_cookies: true, timeout: 0, cache_limiter: 'nocache', max_time: 72_000 },
    cookie: { domain: '127.0.0.1', path: '/' },
    sql: {
      // 'mysqli' cannot make the tables: since PHP 8.1 it throws what Horde does not catch.
      phptype: 'mysql',
      username: database.user,
      password: database.password,
      hostspec: database.host,
      port: database.port,
      protocol: 'tcp',
      database: database.database,
      charset: 'utf-8',
      ssl: false,
      splitread: false,
      logqueries: false,
    },
    nosql: { phptype: false },
    ldap: { useldap: false },
    auth: {
      admins: ['alice'],
      checkip: true,
      checkbrowser: true,
      resetpassword: false,
      alternate_login: false,
      redirect_on_logout: false,
      list_users: 'none',
      driver: 'application',
      params: { app: 'imp', count_bad_logins: false, login_block: false },
    },
    signup: { allow: false },
    log: {
      enabled: true,
      priority: 'WARN',
      ident: 'HORDE',
      name: log,
      type: 'file',
      params: { append: true, format: 'default' },
    },
    log_accesskeys: false,
    prefs: { driver: 'Sql', maxsize: 65_535, params: sql },
    alarms: { driver: 'Sql', params: { ...sql, ttl: 300 } },
    group: { driver: 'Sql', cache: false, params: sql },
    perms: { driver: 'Sql', driverconfig: 'horde' },
    share: {
      driver: 'Sqlng',
      no_sharing: false,
      auto_create: true,
      world: true,
      any_group: false,
      hidden: false,
      cache: false,
    },
    cache: { driver: 'File', default_lifetime: 86_400, params: { dir: temporary, sub: 0 }, use_memorycache: '' },
    cachecss: false,
    cachejs: false,
    cachethemes: false,
    lock: { driver: 'Sql', params: sql },
    token: { driver: 'Sql', params: sql },
    history: { driver: 'Sql', params: sql },
    mailer: { type: 'null', params: [] },
    vfs: { type: 'File', params: { vfsroot: temporary } },
    sessionhandler: { type: 'Sql', hashtable: false, params: sql },
    hashtable: { driver: 'none' },
    http: { proxy: { proxy_host: '' } },
    spell: { driver: '' },
    image: { driver: false },
    exif: { driver: 'Bundled' },
    accounts: { driver: 'null' },
    user: { verify_from_addr: false, select_view: true },
    facebook: off,
    twitter: off,
    urlshortener: false,
    weather: { provider: false },
    imsp: off,
    kolab: off,
    activesync: off,
    problems: { enabled: false, email: 'root@localhost', maildomain: 'localhost', tickets: false, attachments: false },
    menu: {
      always: false,
      links: { help: 'authenticated', prefs: 'authenticated', problem: 'never', login: 'all', logout: 'authenticated' },
    },
    portal: { fixed_blocks: [] },
  };
}

/** `$conf` of IMP. */
export const impSettings = {
  user: { allow_view_source: true },
  server: { server_list: 'none' },
  compose: {
    use_vfs: false,
    link_attachments: false,
    attach_size_limit: 0,
    attach_count_limit: 0,
    reply_limit: 200_000,
    ac_threshold: 3,
    htmlsig_img_size: 30_000,
  },
  pgp: { keylength: 2_048 },
  maillog: { driver: 'history' },
  sentmail: { driver: 'Null' },
  contactsimage: { backends: [] },
  tasklist: { use_tasklist: false },
  notepad: { use_notepad: false },
};

/** The mail server of IMP, in backends.local.php. @param {number} port of IMAP */
export const impServer = (port) => ({
  disabled: false,
  name: 'Lab',
  hostspec: '127.0.0.1',
  hordeauth: false,
  protocol: 'imap',
  port,
  secure: false,
  maildomain: 'example.org',
  cache: false,
});
