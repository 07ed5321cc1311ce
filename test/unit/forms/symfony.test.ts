import { describe, expect, test } from '@jest/globals';
import { decodeSession, encodeSession } from '../../../src/codec/index.ts';
import { setTargetPath, symfonySession } from '../../../src/forms/symfony.ts';

// biome-ignore lint/suspicious/noExplicitAny: whatever is in a session
type Data = Record<string, any>;

/** As PHP writes it when nothing has been stored. */
const fresh = '_sf2_attributes|a:0:{}_symfony_flashes|a:0:{}_sf2_meta|a:3:{s:1:"u";i:1;s:1:"c";i:1;s:1:"l";i:0;}';
const read = (text = fresh): Data => decodeSession(Buffer.from(text));
const write = (data: Data) => Buffer.from(encodeSession(data)).toString();

test('messages: of one type, and all', () => {
  const data = read();
  const symfony = symfonySession(data);
  symfony.addFlash('notice', 'Saved.');
  symfony.addFlash('notice', 'O:8:"stdClass":0:{}');
  symfony.addFlash('__proto__', 'x');
  expect(write(data)).toContain(
    '_symfony_flashes|a:2:{s:6:"notice";a:2:{i:0;s:6:"Saved.";i:1;s:19:"O:8:"stdClass":0:{}";}',
  );
  const next = read(write(data));
  expect(symfonySession(next).flashes('notice')).toEqual(['Saved.', 'O:8:"stdClass":0:{}']);
  expect(symfonySession(next).flashes('notice')).toEqual([]);
  expect(Object.entries(symfonySession(next).allFlashes())).toEqual([['__proto__', ['x']]]);
  expect(write(next)).toBe(fresh);
  expect(({} as Data).x).toBeUndefined();
  for (const strange of ['i:1;', 'N;', 's:1:"x";']) {
    expect(symfonySession(read(`_symfony_flashes|${strange}`)).allFlashes()).toEqual({});
  }
});

test('the path after a login is an attribute whose name has dots', () => {
  for (const data of [read(), read('')]) {
    setTargetPath(data, 'main', '/account?a=1');
    expect(write(data)).toContain('_sf2_attributes|a:1:{s:26:"_security.main.target_path";s:12:"/account?a=1";}');
    expect(symfonySession(data).targetPath('main')).toBe('/account?a=1');
    symfonySession(data).removeTargetPath('main');
    expect(symfonySession(data).targetPath('main')).toBeUndefined();
  }
  expect(() => setTargetPath(read(), 'main', ['/'] as never)).toThrow('url must be a text');
});

describe('tokens', () => {
  const of = (data: Data, secure = true) => symfonySession(data, { secure });

  test('each page shows the token in another form, and all are valid', () => {
    const data = read();
    const [one, other] = [of(data).token('authenticate'), of(data).token('authenticate')];
    expect(one).not.toBe(other);
    for (const token of [one, other, data._sf2_attributes['_csrf/https-authenticate']]) {
      expect(of(data).isTokenValid('authenticate', token)).toBe(true);
      expect(of(data, false).isTokenValid('authenticate', token)).toBe(false); // HTTP has tokens of its own
      expect(of(data).isTokenValid('delete', token)).toBe(false);
      expect(of(read()).isTokenValid('authenticate', token)).toBe(false);
    }
    const fresh = of(data).refreshToken('authenticate');
    expect(of(data).isTokenValid('authenticate', one)).toBe(false);
    expect(of(data).isTokenValid('authenticate', fresh)).toBe(true);
    of(data).removeToken('authenticate');
    expect(of(data).isTokenValid('authenticate', fresh)).toBe(false);
  });

  test('before Symfony 5.3 they are shown as they are stored', () => {
    const data = read();
    const old = symfonySession(data, { secure: false, version: '5.2' });
    const token = old.token('a');
    expect([token, old.token('a'), data._sf2_attributes['_csrf/a']]).toEqual([token, token, token]);
    expect([old.isTokenValid('a', token), old.isTokenValid('a', `${token}x`)]).toEqual([true, false]);
    const fresh = old.refreshToken('a');
    expect([fresh === token, data._sf2_attributes['_csrf/a']]).toEqual([false, fresh]);
    for (const version of ['5.3', '5', '7.2']) {
      expect(symfonySession(data, { secure: false, version }).token('a')).not.toBe(fresh);
    }
    expect(() => symfonySession(data, { version: 'new' })).toThrow("version must be a version as '7.2' or '7.2.1'");
  });

  test('what is no token is not valid', () => {
    const data = read();
    const token = of(data).token('a');
    const [padding, key, hidden] = token.split('.') as [string, string, string];
    const { '_csrf/https-a': stored } = data._sf2_attributes;
    const wrong = [
      undefined,
      null,
      '',
      0,
      true,
      [token],
      [stored],
      { toString: () => token },
      '.',
      '..',
      `${padding}..${hidden}`,
    ];
    wrong.push(
      `${padding}.${key}.`,
      `${padding}.${key}.${hidden}.`,
      `${stored}x`,
      stored.slice(1),
      'x'.repeat(100_000),
    );
    for (const given of wrong) expect(of(data).isTokenValid('a', given)).toBe(false);
  });

  test('a session without one is no session with an empty one', () => {
    const empty = ['', '..', 'a..', `a.${Buffer.from('k').toString('base64url')}.`, undefined];
    for (const stored of ['s:0:"";', 'N;', 'b:1;', 'a:0:{}', 'i:0;']) {
      const data = read(`_sf2_attributes|a:1:{s:13:"_csrf/https-a";${stored}}`);
      for (const given of [...empty, '1', '0', '1.']) expect(of(data).isTokenValid('a', given)).toBe(false);
      expect(of(data).isTokenValid('a', of(data).token('a'))).toBe(true);
    }
  });

  test('need to be told whether the request is HTTPS', () => {
    expect(() => symfonySession(read()).token('a')).toThrow('needs the option secure');
    expect(() => symfonySession(read()).isTokenValid('a', 'x')).toThrow('needs the option secure');
    expect(() => symfonySession(read(), { secure: 'on' as never })).toThrow('secure must be true or false');
  });
});

test('no session, and names that are no text', () => {
  for (const none of [undefined, null, 'x', 5]) {
    for (const call of [() => symfonySession(none as never), () => setTargetPath(none as never, 'main', '/')])
      expect(call).toThrow(/^symfonySession\(\) needs the session: ctx\.session/);
  }
  const data = read();
  const symfony = symfonySession(data, { secure: true });
  for (const name of [undefined, null, 5] as never[]) {
    expect(() => symfony.set(name, 1)).toThrow(new TypeError('name must be a text'));
    expect(() => symfony.addFlash(name, 'x')).toThrow(new TypeError('type must be a text'));
    expect(() => symfony.token(name)).toThrow(new TypeError('id must be a text'));
    expect(() => setTargetPath(data, name, '/')).toThrow(new TypeError('firewall must be a text'));
  }
  expect(write(data)).toBe(fresh);
});
