import { createHash, createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { describe, expect, jest, test } from '@jest/globals';
import { decodeSession, encodeSession, PhpObject } from '../../../src/codec/index.ts';
import type { LoginClaim, LoginRules, LoginVisitor } from '../../../src/login/login-rules.ts';
import * as presets from '../../../src/presets/index.ts';

/** Unix seconds. */
const now = 1_800_000_000;

// biome-ignore lint/suspicious/noExplicitAny: PHP's side decides what is in a session
type Session = Record<string, any>;
type Seen = { claim: LoginClaim | undefined; why: unknown };

function ask({ login }: presets.PresetWithLogin, session: Session, visitor: Partial<LoginVisitor> = {}): Seen {
  const refused = jest.fn<(why: string) => void>();
  const claim = login.claim(session, { time: now, columns: {}, cookie: () => undefined, refused, ...visitor });
  if (claim !== undefined) expect(refused).not.toHaveBeenCalled();
  return { claim, why: refused.mock.calls[0]?.[0] };
}
const nobody = { claim: undefined, why: undefined };
const refusedFor = (why: string) => ({ claim: undefined, why });
const cookies = (values: Record<string, string>) => (name: string) => values[name];

const SESSION_GUARD = '59ba36addc2b2f9401580f014c7f58ea4e30989d';
const key = `base64:${Buffer.alloc(32, 'made up').toString('base64')}`;

describe('Laravel', () => {
  const app = presets.laravel({ key, guards: ['web', 'admin'] });
  const session = { [`login_web_${SESSION_GUARD}`]: 42, password_hash_web: '$2y$10$made-up' };

  test('the guard is the first with a user', () => {
    expect(ask(app, session).claim).toMatchObject({ id: 42, guard: 'web', unchecked: ['exists', 'password'] });
    expect(ask(app, { [`login_admin_${SESSION_GUARD}`]: 'b9f0-uuid' }).claim).toMatchObject({
      id: 'b9f0-uuid',
      guard: 'admin',
      unchecked: ['exists'],
    });
    expect(ask(app, { [`login_other_${SESSION_GUARD}`]: 1 })).toEqual(nobody);
    expect(ask(app, { login_web: 1, user_id: 1 })).toEqual(nobody);
  });

  test('the password hash of the login: as it is, and as an HMAC of it since 12.45', () => {
    const hmac = createHmac('sha256', key).update('$2y$10$made-up').digest('hex');
    for (const stored of ['$2y$10$made-up', hmac]) {
      const { claim } = ask(app, { ...session, password_hash_web: stored });
      expect(claim!.confirms('$2y$10$made-up')).toBe(true);
      for (const other of ['$2y$10$changed', hmac, '', undefined, null, 0, {}] as string[]) {
        if (other !== stored) expect(claim!.confirms(other)).toBe(false);
      }
    }
    expect(ask(app, { [`login_web_${SESSION_GUARD}`]: 42 }).claim!.confirms('anything')).toBe(true);
  });

  test('the key may be a function', () => {
    const later = presets.laravel({ key: () => key });
    const stored = createHmac('sha256', key).update('h').digest('hex');
    expect(ask(later, { ...session, password_hash_web: stored }).claim!.confirms('h')).toBe(true);
  });

  test('the hash is in no log of the claim', () => {
    const { claim } = ask(app, session);
    const shown = [inspect(claim, { showHidden: true, depth: 9 }), JSON.stringify(claim), String(claim)].join();
    expect(shown).not.toContain('made-up');
    for (const property of Reflect.ownKeys(claim!)) expect(String(property)).not.toMatch(/hash|secret/);
  });

  test.each(['__proto__', 'constructor', 'toString', ''])('a guard with the name %j has nobody by itself', (guard) => {
    const odd = presets.laravel({ key, guards: [guard] });
    expect(ask(odd, {})).toEqual(nobody);
    expect(ask(odd, JSON.parse('{"__proto__": {"id": 1}, "constructor": 1}'))).toEqual(nobody);
  });

  test('what inherits from Object.prototype is no login', () => {
    const name = `login_web_${SESSION_GUARD}`;
    Object.defineProperty(Object.prototype, name, { value: 1, configurable: true });
    try {
      expect(ask(app, {})).toEqual(nobody);
    } finally {
      delete (Object.prototype as Session)[name];
    }
  });

  test('remembers where to go back to, as url.intended', () => {
    const empty = decodeSession<Session>(Buffer.from('a:0:{}'), { format: 'php_serialize' });
    app.login.remember!(empty, '/cart?step=2');
    expect(Buffer.from(encodeSession(empty, { format: 'php_serialize' })).toString()).toBe(
      'a:1:{s:3:"url";a:1:{s:8:"intended";s:12:"/cart?step=2";}}',
    );
    const used = decodeSession<Session>(Buffer.from('a:1:{s:3:"url";a:0:{}}'), { format: 'php_serialize' });
    app.login.remember!(used, '/b');
    expect(used.url.intended).toBe('/b');
    const odd: Session = { url: 'https://example.org' };
    app.login.remember!(odd, '/b');
    expect(odd).toEqual({ url: 'https://example.org' });
  });

  test('the cookie that logs in again', () => {
    expect(app.login.rememberCookies).toEqual([`remember_web_${SESSION_GUARD}`, `remember_admin_${SESSION_GUARD}`]);
  });
});

describe('Symfony', () => {
  const app = presets.symfony();
  /** PHP's own text of a token. */
  const raw = (className: string, ...parts: string[]) =>
    `O:${className.length}:"${className}":${parts.length}:{${parts.map((part, i) => `i:${i};${part}`).join('')}}`;
  const rawList = (...parts: string[]) => `a:${parts.length}:{${parts.map((part, i) => `i:${i};${part}`).join('')}}`;
  const rawUser = (properties: Record<string, string>, name = 'App\\Entity\\User') =>
    `O:${name.length}:"${name}":${Object.keys(properties).length}:{${Object.entries(properties)
      .map(([key, value]) => `s:${name.length + key.length + 2}:"\0${name}\0${key}";${value}`)
      .join('')}}`;
  const s = (value: string) => `s:${Buffer.byteLength(value)}:"${value}";`;
  const roles = rawList(s('ROLE_USER'));
  const state = (of: string) => rawList(of, 'b:1;', 'N;', 'a:0:{}', roles);
  const session = (serialized: unknown, firewall = 'main') => ({
    _sf2_attributes: { [`_security_${firewall}`]: serialized },
  });
  const alice = rawUser({ id: 'i:42;', email: s('alice@example.com'), password: s('$2y$made-up') });
  const core = 'Symfony\\Component\\Security\\Core\\Authentication\\Token';

  const shapes: [string, string][] = [
    ['UsernamePasswordToken', raw(`${core}\\UsernamePasswordToken`, 'N;', s('main'), state(alice))],
    ['RememberMeToken of 5', raw(`${core}\\RememberMeToken`, s('secret'), s('main'), state(alice))],
    ['PostAuthenticationToken', raw('Symfony\\PostAuthenticationToken', s('main'), state(alice))],
    [
      'SwitchUserToken',
      raw(
        `${core}\\SwitchUserToken`,
        raw(
          `${core}\\UsernamePasswordToken`,
          'N;',
          s('main'),
          state(rawUser({ id: 'i:1;', email: s('root@example.com') })),
        ),
        'N;',
        rawList('N;', s('main'), state(alice)),
      ),
    ],
    ['a class of its own without __serialize()', raw('App\\Token', alice, 'b:1;', 'N;', 'a:0:{}', roles)],
  ];

  test.each(shapes)('%s', (_, serialized) => {
    const { claim } = ask(app, session(serialized));
    expect(claim).toMatchObject({
      id: 42,
      name: 'alice@example.com',
      guard: 'main',
      unchecked: ['exists', 'password', 'roles'],
    });
    expect([claim!.confirms('$2y$made-up'), claim!.confirms('$2y$changed')]).toEqual([true, false]);
    expect(inspect(claim, { showHidden: true })).not.toContain('made-up');
  });

  test('a user who keeps a checksum of his password hash (Symfony 7.3)', () => {
    const kept = rawUser({ id: 'i:42;', email: s('a@example.com'), password: s('364b3fb7') }); // php -r 'echo hash("crc32c", "abc");'
    const { claim } = ask(app, session(raw('T', 'N;', s('main'), state(kept))));
    expect([claim!.confirms('abc'), claim!.confirms('abd')]).toEqual([true, false]);
  });

  test('InMemoryUser, and the option userIdentifier', () => {
    const inMemory = rawUser(
      { username: s('alice'), password: 'N;' },
      'Symfony\\Component\\Security\\Core\\User\\InMemoryUser',
    );
    expect(ask(app, session(raw('T', 'N;', s('main'), state(inMemory)))).claim).toMatchObject({
      id: 'alice',
      name: 'alice',
      unchecked: ['exists', 'roles'],
    });
    const named = presets.symfony({ userIdentifier: 'login' });
    const other = rawUser({ login: s('al'), email: s('alice@example.com') });
    expect(ask(named, session(raw('T', 'N;', s('main'), state(other)))).claim).toMatchObject({ id: 'al', name: 'al' });
  });

  test.each([
    [
      'of a second factor that was not passed',
      raw('Scheb\\TwoFactorToken', shapes[0]![1], 'N;', s('main'), 'a:0:{}', 'a:0:{}'),
    ],
    ['the same with a state of three', raw('Scheb\\TwoFactorToken', shapes[0]![1], 'N;', s('main'))],
    ['that wraps one at the end', raw('App\\Token', s('totp'), shapes[0]![1])],
    ['that wraps one after a firewall', raw('App\\Token', s('main'), rawList(), shapes[0]![1])],
    ['that is not authenticated', raw('T', 'N;', s('main'), rawList(alice, 'b:0;', 'N;', 'a:0:{}', roles))],
    ['of nobody', raw('NullToken')],
    ['whose user is a text', raw('T', 'N;', s('main'), state(s('anon.')))],
    ['whose user has no name', raw('T', 'N;', s('main'), state(rawUser({ secret: s('x') })))],
    ['that is a user', alice],
    ['that is no object', state(alice)],
    ['that is cut', shapes[0]![1].slice(0, -5)],
    ['that has something after it', `${shapes[0]![1]}x`],
    ['of a class of Serializable', 'C:1:"T":2:{ab}'],
    ['that is an enum', 'E:3:"A:B";'],
    ['that is no text', 5],
  ])('a token %s is nobody', (_, serialized) => {
    expect(ask(app, session(serialized))).toEqual(nobody);
  });

  test('another firewall is another login', () => {
    expect(ask(app, session(shapes[0]![1], 'admin'))).toEqual(nobody);
    expect(ask(presets.symfony({ firewall: 'admin' }), session(shapes[0]![1], 'admin')).claim).toMatchObject({
      guard: 'admin',
    });
  });

  test('remembers where to go back to', () => {
    const empty: Session = {};
    app.login.remember!(empty, '/cart');
    expect(empty).toEqual({ _sf2_attributes: { '_security.main.target_path': '/cart' } });
  });
});

describe('a secret of the login', () => {
  const laravel = presets.laravel({ key });
  const yii = presets.yii();

  test.each([[7], [true], [new Uint8Array([0xff])], [['a']], [{}], [1.5]])('%j can be none: it is nobody', (secret) => {
    expect(ask(laravel, { [`login_web_${SESSION_GUARD}`]: 42, password_hash_web: secret })).toEqual(nobody);
    expect(ask(yii, { __id: 42, __authKey: secret })).toEqual(nobody);
  });

  test('an empty one is compared too, and null is none', () => {
    expect(ask(yii, { __id: 42, __authKey: '' }).claim!.confirms('anything')).toBe(false);
    expect(ask(yii, { __id: 42, __authKey: null }).claim!.confirms('anything')).toBe(true);
  });
});

describe('Yii', () => {
  const app = presets.yii();
  test('its user, by the key of the login', () => {
    const { claim } = ask(app, { __id: 42, __authKey: 'made-up', __expire: now, __absoluteExpire: now + 5 });
    expect(claim).toMatchObject({ id: 42, unchecked: ['exists', 'authKey'] });
    expect([claim!.confirms('made-up'), claim!.confirms('other')]).toEqual([true, false]);
    expect(ask(app, { __id: 42 }).claim).toMatchObject({ unchecked: ['exists'] });
  });
  test.each([{ __expire: now - 1 }, { __absoluteExpire: now - 1 }, { __expire: now + 9, __absoluteExpire: 'soon' }])(
    '%j: the login is too old',
    (times) => {
      expect(ask(app, { __id: 42, ...times })).toEqual(refusedFor('age'));
      expect(ask(app, times)).toEqual(nobody);
    },
  );
});

describe('CakePHP', () => {
  const app = presets.cakephp({ timeout: 10 });
  const entity = new PhpObject('App\\Model\\Entity\\User', [['\0*\0_fields', { id: 42, email: 'alice@example.com' }]]);
  test.each([
    ['an entity', entity],
    ['an array', { id: 42, email: 'alice@example.com' }],
    ['an array of CakePHP 3', { User: { id: 42, email: 'alice@example.com' } }],
  ])('%s', (_, Auth) => {
    const claim = { id: 42, name: 'alice@example.com', unchecked: [] };
    expect(ask(app, { Auth, Config: { time: now - 600 } }).claim).toMatchObject(claim);
    expect(ask(app, { Auth, Config: { time: now - 601 } })).toEqual(refusedFor('age'));
  });

  test('what its SessionAuthenticator has stored', () => {
    const recorded = JSON.parse(readFileSync(join(__dirname, '../../../fixtures/applications.json'), 'utf8'));
    const { rows, recordedAt } = recorded['CakePHP 5, cakephp/authentication'];
    const session = decodeSession(Buffer.from(rows[0].data, 'latin1'));
    const claim = { id: 42, name: 'alice', unchecked: [] };
    expect(ask(app, session, { time: recordedAt }).claim).toMatchObject(claim);
    expect(ask(app, { ...session, Auth: undefined }, { time: recordedAt })).toEqual(nobody);
  });
});

describe('Roundcube', () => {
  const app = presets.roundcube({ version: '1.6.5', ipCheck: true });
  const session = { user_id: 42, username: 'alice', auth_secret: 'made-up', login_time: 5 };
  const slot = now - (now % 300);
  const visitor = (value: string, address = '192.0.2.1') => ({
    cookie: cookies({ roundcube_sessauth: value }),
    columns: { ip: '192.0.2.1' },
    address,
  });

  test.each([0, 1, 2])('its second cookie of %i slots ago', (ago) => {
    const { claim } = ask(app, session, visitor(`made-up-${slot - ago * 300}`));
    expect(claim).toMatchObject({ id: 42, name: 'alice', since: 5, unchecked: ['exists'] });
  });

  test.each([
    `made-up-${slot - 900}`,
    `made-up-${slot + 300}`,
    `other-${slot}`,
    `made-up-${slot}x`,
    '',
    'made-up',
    '-del-',
  ])('a second cookie %j does not fit', (value) =>
    expect(ask(app, session, visitor(value))).toEqual(refusedFor('cookie')),
  );

  test('without a second cookie, or a secret in the session', () => {
    expect(ask(app, session, { ...visitor(''), cookie: () => undefined })).toEqual(refusedFor('cookie'));
    const { auth_secret: _, ...without } = session;
    expect(ask(app, without, visitor(`undefined-${slot}`))).toEqual(refusedFor('cookie'));
    expect(ask(app, { ...session, user_id: undefined }, visitor(`made-up-${slot}`))).toEqual(nobody);
  });

  test('another address, with ip_check', () => {
    expect(ask(app, session, visitor(`made-up-${slot}`, '198.51.100.1'))).toEqual(refusedFor('address'));
    const without = presets.roundcube({ version: '1.6.5' });
    expect(ask(without, session, visitor(`made-up-${slot}`, '198.51.100.1')).claim).toMatchObject({ id: 42 });
    expect([app.store.row!.read, without.store.row!.read]).toEqual([['ip'], undefined]);
    // Neither is known: no row, and no proxy that says the address.
    const unknown = { cookie: cookies({ roundcube_sessauth: `made-up-${slot}` }), columns: {}, address: undefined };
    expect(ask(app, session, unknown)).toEqual(refusedFor('address'));
  });
});

describe('Horde', () => {
  const app = presets.horde();
  const session = (auth: Session = {}, more: Session = {}) => ({
    _b: now - 100,
    horde: {
      'auth/userId': '\0alice',
      'auth/authId': '\0Alice',
      'auth/browser': '\0Mozilla/5.0 (made up)',
      'auth/remoteAddr': '\u0000192.0.2.1',
      'auth/timestamp': now - 100,
      ...auth,
    },
    ...more,
  });
  const visitor = { address: '192.0.2.1', userAgent: ' Mozilla/5.0 (made up)\t' };

  test('its user', () => {
    expect(ask(app, session(), visitor).claim).toMatchObject({
      id: 'alice',
      name: 'Alice',
      since: now - 100,
      unchecked: [],
    });
  });

  test.each([
    ['another address', {}, { ...visitor, address: '198.51.100.1' }, 'address'],
    [
      'another first address in X-Forwarded-For',
      {},
      { ...visitor, forwardedFor: '198.51.100.1, 192.0.2.1' },
      'address',
    ],
    ['another browser', {}, { ...visitor, userAgent: 'curl' }, 'browser'],
    ['no browser', {}, { address: '192.0.2.1' }, 'browser'],
    ['no browser then', { 'auth/browser': undefined }, visitor, 'browser'],
  ])('%s', (_, auth, from, why) => {
    expect(ask(app, session(auth), from)).toEqual(refusedFor(why));
  });

  test('X-Forwarded-For is compared alone where there is one, as Horde does', () => {
    expect(
      ask(app, session(), { ...visitor, address: '10.0.0.1', forwardedFor: '192.0.2.1,10.0.0.1' }).claim,
    ).toBeDefined();
    expect(ask(app, session(), { ...visitor, forwardedFor: '' })).toEqual(refusedFor('address'));
    expect(ask(app, session({ 'auth/remoteAddr': '\0' }), visitor).claim).toBeDefined();
    expect(
      ask(app, session({ 'auth/remoteAddr': undefined }), { ...visitor, address: '10.0.0.1' }).claim,
    ).toBeDefined();
  });

  test('max_time counts from the begin of the session', () => {
    expect(ask(app, session({}, { _b: now - 72_000 }), visitor).claim).toBeDefined();
    expect(ask(app, session({}, { _b: now - 72_001 }), visitor)).toEqual(refusedFor('age'));
    expect(ask(app, session({}, { _b: undefined }), visitor)).toEqual(refusedFor('age'));
    const lenient = presets.horde({ maxTime: 0, checkip: false, checkbrowser: false });
    expect(ask(lenient, session({}, { _b: 5 }), { address: 'x', userAgent: 'y' }).claim).toMatchObject({ id: 'alice' });
  });

  test.each(['', 5])('a secretKey %j is a TypeError that does not show it', (secretKey) => {
    expect(() => presets.horde({ secretKey } as never)).toThrow(new TypeError("secretKey must be $conf['secret_key']"));
  });

  test.each(['alice', '', '\0', 5, undefined])('a user id %j is nobody: Horde reads none', (userId) => {
    expect(ask(app, session({ 'auth/userId': userId }), visitor)).toEqual(nobody);
  });
});

describe('users in columns', () => {
  test('TYPO3: the column is the user', () => {
    const app = presets.typo3({ encryptionKey: 'a'.repeat(96), scope: 'any' });
    expect(app.store.row!.read).toEqual(['ses_userid', 'ses_iplock']);
    expect(ask(app, {}, { columns: { ses_userid: 42, ses_iplock: '[DISABLED]' } }).claim).toMatchObject({
      id: 42,
      guard: 'FE',
      unchecked: ['exists', 'enabled'],
    });
    expect(ask(app, {}, { columns: { ses_userid: 42, ses_iplock: '192.0.2.0' } }).claim!.unchecked).toContain(
      'address',
    );
    for (const ses_userid of [0, '0', null])
      expect(ask(app, { ses_userid: 42 }, { columns: { ses_userid } })).toEqual(nobody);
    expect(ask(app, { ses_userid: 42 })).toEqual(nobody);
    const be = presets.typo3({ encryptionKey: 'a'.repeat(96), scope: 'any', loginType: 'BE' });
    expect(ask(be, {}, { columns: { ses_userid: 1, ses_iplock: '[DISABLED]' } }).claim!.unchecked).toContain(
      'secondFactor',
    );
  });

  test("Drupal: the column has to be the session's", () => {
    const app = presets.drupal({ host: 'www.example.com' });
    const session = { _sf2_attributes: { uid: '42' } };
    expect(ask(app, session, { columns: { uid: 42 } }).claim).toMatchObject({
      id: '42',
      unchecked: ['exists', 'enabled'],
    });
    for (const columns of [{ uid: 43 }, { uid: 0 }, { uid: null }, {}]) {
      expect(ask(app, session, { columns })).toEqual(refusedFor('row'));
    }
    expect(ask(app, { _sf2_attributes: { uid: 0 } }, { columns: { uid: 0 } })).toEqual(nobody);
    expect(ask(app, {}, { columns: { uid: 42 } })).toEqual(nobody);
  });

  test('Moodle: the same, or that of who has logged in as him', () => {
    const app = presets.moodle({ dbname: 'moodle' });
    const USER = (more: Session = {}) => ({
      USER: new PhpObject('stdClass', Object.entries({ id: '42', username: 'alice', currentlogin: 5, ...more })),
    });
    expect(ask(app, USER(), { columns: { userid: 42 } }).claim).toMatchObject({ id: '42', name: 'alice', since: 5 });
    expect(ask(app, USER({ realuser: '2' }), { columns: { userid: 2 } }).claim).toMatchObject({ id: '42' });
    expect(ask(app, USER({ realuser: '2' }), { columns: { userid: 42 } })).toEqual(refusedFor('row'));
    expect(ask(app, USER(), { columns: { userid: 0 } })).toEqual(refusedFor('row'));
    expect(ask(app, USER({ id: 0 }), { columns: { userid: 0 } })).toEqual(nobody);
  });
});

describe('others', () => {
  test('Magento', () => {
    const app = presets.magento();
    expect(ask(app, { customer_base: { customer_id: '42' } }).claim).toMatchObject({ id: '42' });
    expect(ask(app, { customer_base: { customer_id: '42', is_customer_emulated: true } })).toEqual(nobody);
    expect(ask(app, { customer_b2b: { customer_id: '42' } })).toEqual(nobody);
    expect(ask(presets.magento({ website: 'b2b' }), { customer_b2b: { customer_id: 42 } }).claim).toMatchObject({
      id: 42,
    });
    expect(ask(app, { customer_base: { customer_id: null } })).toEqual(nobody);
  });

  test('MediaWiki: the cookie has to name the same user', () => {
    const app = presets.mediaWiki({ dbname: 'wiki' });
    const session = { data: {}, metadata: { userId: 7, userName: 'Alice', userToken: 'made-up' } };
    const { claim } = ask(app, session, { cookie: cookies({ wikiUserID: '7' }) });
    expect(claim).toMatchObject({ id: 7, name: 'Alice', unchecked: ['exists', 'enabled', 'authKey'] });
    expect([claim!.confirms('made-up'), claim!.confirms('renewed')]).toEqual([true, false]);
    for (const wikiUserID of ['8', '07', '']) {
      expect(ask(app, session, { cookie: cookies({ wikiUserID }) })).toEqual(refusedFor('cookie'));
    }
    expect(ask(app, session)).toEqual(refusedFor('cookie'));
    const anonymous = { data: {}, metadata: { userId: 0, userName: null, userToken: null } };
    expect(ask(app, anonymous, { cookie: cookies({ wikiUserID: '0' }) })).toEqual(nobody);
  });

  test('OpenCart', () => {
    const app = presets.openCart();
    expect(ask(app, { customer_id: 42 }).claim).toMatchObject({ id: 42, unchecked: ['exists', 'enabled'] });
    expect(ask(app, { customer_id: 0 })).toEqual(nobody);
  });

  test('Matomo: its expiration, and the second factor', () => {
    const app = presets.matomo({ salt: 'made-up' });
    const session = (expiration: unknown, verified: unknown = 0) => ({
      'user.name': 'alice',
      'twofactorauth.verified': verified,
      'session.info': { ts: 5, remembered: false, expiration },
    });
    expect(ask(app, session(now)).claim).toMatchObject({
      id: 'alice',
      since: 5,
      unchecked: ['exists', 'password', 'secondFactor'],
    });
    expect(ask(app, session(now, 1)).claim!.unchecked).toEqual(['exists', 'password']);
    expect(ask(app, session(now - 1))).toEqual(refusedFor('age'));
    expect(ask(app, session(undefined))).toEqual(refusedFor('age'));
    expect(ask(app, { 'session.info': { expiration: now } })).toEqual(nobody);
  });

  test('Laminas', () => {
    const app = presets.laminas();
    const session = (identity: unknown) => ({
      Laminas_Auth: new PhpObject('Laminas\\Stdlib\\ArrayObject', [['storage', { storage: identity }]]),
    });
    expect(ask(app, session('alice')).claim).toMatchObject({ id: 'alice', unchecked: [] });
    expect(
      ask(
        app,
        session(
          new PhpObject('stdClass', [
            ['id', 42],
            ['email', 'a@example.com'],
          ]),
        ),
      ).claim,
    ).toMatchObject({
      id: 42,
      name: 'a@example.com',
    });
    expect(ask(app, session({}))).toEqual(nobody);
    expect(ask(app, {})).toEqual(nobody);
  });

  test('Joomla: in its string', () => {
    const app = presets.joomla({ secret: 'made-up', prefix: 'jos_' });
    const std = (value: Session): string =>
      `O:8:"stdClass":${Object.keys(value).length}:{${Object.entries(value)
        .map(
          ([name, one]) =>
            `s:${name.length}:"${name}";${typeof one === 'object' ? std(one) : typeof one === 'number' ? `i:${one};` : `s:${one.length}:"${one}";`}`,
        )
        .join('')}}`;
    const session = (data: Session) => ({
      joomla: Buffer.from(`O:24:"Joomla\\Registry\\Registry":1:{s:7:"\0*\0data";${std(data)}}`).toString('base64'),
    });
    const user = { id: 42, username: 'alice' };
    const timer = (seconds: number) => ({ timer: { now: now - seconds } });
    expect(ask(app, session({ user, session: timer(900) })).claim).toMatchObject({
      id: 42,
      name: 'alice',
      unchecked: ['exists', 'secondFactor'],
    });
    expect(ask(app, session({ user, session: timer(901) }))).toEqual(refusedFor('age'));
    expect(ask(app, session({ user, com_users: { mfa_checked: 1 } })).claim!.unchecked).toEqual(['exists']);
    expect(ask(app, session({ user: { id: 0 } }))).toEqual(nobody);
    for (const joomla of ['', 'no base64', session({ user }).joomla.slice(0, -8), 5])
      expect(ask(app, { joomla })).toEqual(nobody);
  });
});

// An application's other version may write anything: nobody is logged in then, and nothing fails.

const every: [string, LoginRules][] = Object.entries({
  cakephp: presets.cakephp(),
  drupal: presets.drupal({ host: 'www.example.com' }),
  horde: presets.horde(),
  joomla: presets.joomla({ secret: 'made-up', prefix: 'jos_' }),
  laminas: presets.laminas(),
  laravel: presets.laravel({ key }),
  magento: presets.magento(),
  matomo: presets.matomo({ salt: 'made-up' }),
  moodle: presets.moodle({ dbname: 'moodle' }),
  openCart: presets.openCart(),
  roundcube: presets.roundcube({ version: '1.6.5', ipCheck: true }),
  symfony: presets.symfony(),
  typo3: presets.typo3({ encryptionKey: 'a'.repeat(96), scope: 'any' }),
  yii: presets.yii(),
}).map(([name, { login }]) => [name, login]);

/** Where presets look. */
const keys = [
  ...[
    'Auth',
    'User',
    '_fields',
    'id',
    'email',
    'username',
    'Config',
    'time',
    '_sf2_attributes',
    'uid',
    '_security_main',
    'horde',
    '_b',
  ],
  ...[
    'auth/userId',
    'auth/browser',
    'auth/remoteAddr',
    'auth/timestamp',
    'joomla',
    'Laminas_Auth',
    'storage',
    'customer_base',
    'customer_id',
  ],
  ...[
    'user.name',
    'session.info',
    'expiration',
    'ts',
    'twofactorauth.verified',
    'USER',
    'realuser',
    'currentlogin',
    'user_id',
    'auth_secret',
  ],
  ...[
    'login_time',
    '__id',
    '__expire',
    '__absoluteExpire',
    '__authKey',
    `login_web_${SESSION_GUARD}`,
    'password_hash_web',
    'data',
    'user',
  ],
  ...['session', 'timer', 'now', '__proto__', 'constructor', 'toJSON', 'url'],
];

/** Numbers that are the same in each run. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function oddSession(random: () => number): Session {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  const leaves = [
    ...[
      null,
      undefined,
      true,
      false,
      0,
      -1,
      1.5,
      Number.NaN,
      42,
      now,
      2 ** 60,
      7n,
      -(2n ** 63n),
      '',
      '0',
      '42',
      '\0alice',
      '\0',
      'é',
      [],
      {},
    ],
    ...[
      new Uint8Array([0xff, 0xfe]),
      new PhpObject('stdClass'),
      new Map(),
      'O:1:"T":0:{}',
      'a:1:{i:0;i:1;}',
      'C:1:"T":2:{ab}',
    ],
    ...[
      Buffer.from('O:1:"T":1:{i:0;R:1;}').toString('base64'),
      'O:1:"T":1:{i:0;R:1;}',
      'TzoxOiJUIjoxOntzOjQ6ImRhdGEiO1I6MTt9',
    ],
  ];
  const value = (depth: number): unknown => {
    const kind = random();
    if (depth === 0 || kind < 0.4) return pick(leaves);
    const entries = Array.from({ length: 1 + Math.floor(random() * 4) }, () => [pick(keys), value(depth - 1)] as const);
    if (kind < 0.6) return new PhpObject('stdClass', entries);
    if (kind < 0.7)
      return new PhpObject(
        'T',
        entries.map(([, one], i) => [i, one] as const),
      );
    if (kind < 0.75) return new Map(entries);
    if (kind < 0.8) return entries.map(([, one]) => one);
    const object: Session = {};
    for (const [name, one] of entries)
      Object.defineProperty(object, name, { value: one, enumerable: true, configurable: true, writable: true });
    return object;
  };
  const session: Session = {};
  for (const name of keys) {
    if (random() < 0.5)
      Object.defineProperty(session, name, { value: value(2), enumerable: true, configurable: true, writable: true });
  }
  return session;
}

/** How many odd sessions were somebody's. */
const usersOf: Record<string, number> = {};

describe.each(every)('%s and sessions that nobody would write', (name, login) => {
  test('its claim never fails, and is of a user or of nobody', () => {
    const random = generator(1);
    let users = 0;
    for (let run = 0; run < 300; run++) {
      const session = oddSession(random);
      const columns = oddSession(random) as never;
      const claim = login.claim(session, {
        time: now,
        columns,
        cookie: () => (run % 2 === 0 ? undefined : 'x-1'),
        ...(run % 3 === 0 && { address: '192.0.2.1', userAgent: 'x', forwardedFor: ',' }),
        refused: () => undefined,
      });
      if (claim === undefined) continue;
      users++;
      const { id, name: called, since } = claim;
      const isRight =
        (typeof id === 'number' || (typeof id === 'string' && id !== '')) &&
        (called === undefined || (typeof called === 'string' && called !== '')) &&
        (since === undefined || Number.isInteger(since)) &&
        typeof claim.confirms('x') === 'boolean';
      if (!isRight) throw new Error(`no claim: ${JSON.stringify(claim)}`);
      JSON.stringify(claim);
    }
    usersOf[name] = users;
  });

  test('where to go back to can be written, or is left', () => {
    const random = generator(2);
    for (let run = 0; run < 50; run++) login.remember?.(oddSession(random), '/cart');
  });
});

// A session as the application writes it, in which one value is another one.

const rightSessions: Record<string, { session: Session; visitor?: Partial<LoginVisitor> }> = {
  cakephp: { session: { Auth: { id: 42, email: 'a@example.com' }, Config: { time: now } } },
  drupal: { session: { _sf2_attributes: { uid: '42' } }, visitor: { columns: { uid: 42 } } },
  horde: {
    session: {
      _b: now,
      horde: { 'auth/userId': '\0alice', 'auth/browser': '\0x', 'auth/remoteAddr': '\0y', 'auth/timestamp': now },
    },
    visitor: { userAgent: 'x', address: 'y' },
  },
  joomla: {
    session: {
      joomla: Buffer.from(
        'O:1:"R":1:{s:4:"data";O:8:"stdClass":1:{s:4:"user";O:8:"stdClass":2:{s:2:"id";i:42;s:8:"username";s:5:"alice";}}}',
      ).toString('base64'),
    },
  },
  laminas: { session: { Laminas_Auth: { storage: { storage: 'alice' } } } },
  laravel: { session: { [`login_web_${SESSION_GUARD}`]: 42, password_hash_web: 'made-up' } },
  magento: { session: { customer_base: { customer_id: '42' } } },
  matomo: {
    session: { 'user.name': 'alice', 'twofactorauth.verified': 1, 'session.info': { ts: 5, expiration: now } },
  },
  moodle: { session: { USER: { id: '42', username: 'alice', currentlogin: 5 } }, visitor: { columns: { userid: 42 } } },
  openCart: { session: { customer_id: 42 } },
  roundcube: {
    session: { user_id: 42, username: 'alice', auth_secret: 's', login_time: 5 },
    visitor: { cookie: () => `s-${now - (now % 300)}`, columns: { ip: 'y' }, address: 'y' },
  },
  symfony: {
    session: {
      _sf2_attributes: {
        _security_main: 'O:1:"T":5:{i:0;O:1:"U":1:{s:5:"email";s:1:"a";}i:1;b:1;i:2;N;i:3;a:0:{}i:4;a:0:{}}',
      },
    },
  },
  typo3: { session: {}, visitor: { columns: { ses_userid: 42, ses_iplock: '[DISABLED]' } } },
  yii: { session: { __id: 42, __authKey: 'made-up', __expire: now, __absoluteExpire: now } },
};

const odd: unknown[] = [
  ...[
    null,
    undefined,
    true,
    false,
    0,
    -1,
    1.5,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    2n ** 62n,
    '',
    '0',
    '\0',
    'x',
    [],
    [1],
    {},
  ],
  ...[new Map(), new PhpObject('stdClass'), new Uint8Array([255]), Symbol.iterator, () => 'x', 'x'.repeat(1000)],
];

/** Copies of a value in which one value, at any depth, is this one. */
function* variantsOf(value: unknown, other: unknown): Generator<unknown> {
  yield other;
  if (typeof value !== 'object' || value === null) return;
  for (const [name, one] of Object.entries(value)) {
    for (const variant of variantsOf(one, other)) yield { ...value, [name]: variant };
    const { [name]: _, ...without } = value as Session;
    yield without;
  }
}

test.each(every)('%s: one odd value makes no error, and no user of another kind', (name, login) => {
  const { session, visitor } = rightSessions[name]!;
  const ask = (of: unknown, from: Partial<LoginVisitor> = {}) =>
    login.claim(of as Session, { time: now, columns: {}, cookie: () => undefined, ...visitor, ...from });
  expect(ask(session)?.id).toBeDefined();
  let count = 0;
  const look = (claim: LoginClaim | undefined) => {
    count++;
    if (claim === undefined) return;
    const { id } = claim;
    if (!(typeof id === 'number' ? Number.isSafeInteger(id) : typeof id === 'string' && id !== ''))
      throw new Error('no id');
  };
  for (const other of odd) {
    for (const variant of variantsOf(session, other)) {
      if (typeof variant === 'object' && variant !== null) look(ask(variant));
    }
    for (const columns of variantsOf(visitor?.columns ?? {}, other)) {
      if (typeof columns === 'object' && columns !== null) look(ask(session, { columns } as never));
    }
    look(ask(session, { cookie: () => other as string, address: other as string, userAgent: undefined }));
  }
  expect(count).toBeGreaterThan(odd.length);
});

test('a preset without logins of its own says none', () => {
  expect([presets.codeIgniter().login, presets.adodb().login]).toEqual([undefined, undefined]);
  expect(createHash('sha1').update('Illuminate\\Auth\\SessionGuard').digest('hex')).toBe(SESSION_GUARD);
});

test('some of these sessions are of users, so that claims were looked at', () => {
  const some = Object.keys(usersOf).filter((name) => usersOf[name]! > 0);
  expect(some).toEqual(expect.arrayContaining(['cakephp', 'laravel', 'openCart', 'yii']));
});
