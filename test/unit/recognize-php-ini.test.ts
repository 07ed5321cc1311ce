import { expect, test } from '@jest/globals';
import type { OptionRule } from '../../src/option-rules.ts';
import { optionsFromPhpIni } from '../../src/php-ini.ts';
import { phpIniPart, readPhpIni, USUAL } from '../../src/recognize/php-ini-part.ts';
import { type SessionOptions, sessionRules } from '../../src/session/options.ts';

test('the usual values are the defaults of phpSession()', () => {
  for (const [name, value] of Object.entries(USUAL)) {
    const rule = sessionRules[name as keyof typeof sessionRules] as OptionRule<unknown, SessionOptions>;
    const usual = rule.defaultFor?.({} as SessionOptions) ?? rule.default;
    // The codec has the defaults of its own options; none of SameSite is the browser's.
    expect([name, value]).toEqual([
      name,
      usual ?? { maxDepth: 4096, serializePrecision: -1, cookieSamesite: '' }[name],
    ]);
  }
});

test('a php.ini that says nothing gives no line, but the lifetime', () => {
  expect(phpIniPart(readPhpIni(optionsFromPhpIni('')))).toEqual({
    store: { gcMaxlifetime: 1440 },
    session: {},
  });
});

test('what php.ini says is there', () => {
  const php = optionsFromPhpIni('session.name = shop\nsession.sid_length = 26\nsession.cookie_secure = On');
  expect(phpIniPart(readPhpIni(php)).session).toMatchObject({ name: 'shop', sidLength: 26, cookieSecure: true });
});

test('with a phpVersion all is said: its defaults may be others', () => {
  const { session } = phpIniPart(readPhpIni(optionsFromPhpIni('', { phpVersion: '8.6' })));
  expect(session).toMatchObject({ phpVersion: '8.6', useStrictMode: true, name: 'PHPSESSID' });
});
