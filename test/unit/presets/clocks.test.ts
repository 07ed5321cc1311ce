import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { cakephp, joomla, roundcube, symfony, yii } from '../../../src/presets/index.ts';

// The clocks by which applications end the session of an idle visitor. test/integration/presets-clocks.test.ts has PHP beside them.

const now = 1_800_000_000;

test('CakePHP: once a minute, and never for a session that CakePHP would end', () => {
  const { idleClock } = cakephp({ timeout: 10 }).session;
  for (const [idle, moved] of [
    [59, 59],
    [60, 0],
    [600, 0],
    [601, 601],
  ] as const) {
    const data = { Config: { time: now - idle } };
    idleClock!(data, now);
    expect(now - data.Config.time).toBe(moved);
  }
  for (const data of [{}, { Config: 5 }, { Config: { time: 'x' } }, { Config: { time: 2n ** 60n } }] as never[]) {
    expect(() => idleClock!(data, now)).not.toThrow();
    expect(inspect(data)).not.toContain(String(now));
  }
});

test('CakePHP and Joomla: more often where a visitor may be idle for a few minutes only', () => {
  const packed = (time: number) =>
    Buffer.from(
      `O:24:"Joomla\\Registry\\Registry":1:{s:7:"\0*\0data";O:8:"stdClass":1:{s:7:"session";` +
        `O:8:"stdClass":1:{s:5:"timer";O:8:"stdClass":2:{s:4:"last";i:5;s:3:"now";i:${time};}}}}`,
    ).toString('base64');
  for (const [idle, isMoved] of [
    [5, false],
    [6, true],
    [60, true],
    [61, false],
  ] as const) {
    const cake = { Config: { time: now - idle } };
    cakephp({ timeout: 1 }).session.idleClock!(cake, now);
    expect(cake.Config.time === now).toBe(isMoved);
    const data = { joomla: packed(now - idle) };
    joomla({ secret: 'made-up', prefix: 'jos_', lifetime: 1 }).session.idleClock!(data, now);
    expect(data.joomla !== packed(now - idle)).toBe(isMoved);
  }
});

describe('Yii', () => {
  const user = { __id: 42, __authKey: 'made-up', cart: 1 };
  const moved = <Session extends object>(data: Session, authTimeout = 600): Session => {
    const after = structuredClone(data);
    yii({ authTimeout }).session.idleClock!(after, now);
    return after;
  };

  test('at most once a minute, more often where a visitor may be idle for a few minutes only', () => {
    for (const [authTimeout, idle, expected] of [
      [600, 59, 541],
      [600, 60, 600],
      [600, 600, 600],
      [600, 601, -1],
      [30, 2, 28],
      [30, 3, 30],
      [1, 0, 1],
      [1, 1, 1],
      [1, 2, -1],
    ] as const) {
      const { __expire, ...rest } = moved({ ...user, __expire: now - idle + authTimeout }, authTimeout);
      expect([authTimeout, idle, __expire - now]).toEqual([authTimeout, idle, expected]);
      expect(rest).toEqual(user);
    }
  });

  test('as renewAuthStatus(): a login without a time gets one, and one that is too far away comes nearer', () => {
    expect(moved(user)).toEqual({ ...user, __expire: now + 600 });
    expect(moved({ ...user, __expire: now + 659 })).toEqual({ ...user, __expire: now + 659 });
    expect(moved({ ...user, __expire: now + 660 })).toEqual({ ...user, __expire: now + 600 });
    expect(moved({ ...user, __expire: now + 9, __absoluteExpire: now })).toMatchObject({ __expire: now + 600 });
  });

  test.each([
    { ...user, __expire: now - 1 },
    { ...user, __expire: now + 9, __absoluteExpire: now - 1 },
    { ...user, __absoluteExpire: now - 1 },
    { ...user, __expire: 'soon' },
    { ...user, __expire: null },
    { ...user, __expire: 2n ** 60n },
    { ...user, __expire: [] },
    { ...user, __expire: now + 9, __absoluteExpire: {} },
    { __expire: now + 9 },
    { __id: null, __expire: now + 9 },
    { __id: '', __expire: now + 9 },
    { __id: [42], __expire: now + 9 },
    {},
  ])('%j stays as it is: a time has passed or is none, or nobody is logged in', (data) =>
    expect(moved(data)).toEqual(data),
  );

  test('without the option there is no clock', () => expect(yii().session).not.toHaveProperty('idleClock'));
});

test('Symfony: once a minute, and nothing else is touched', () => {
  const { idleClock } = symfony().session;
  const data = { _sf2_meta: { u: now - 60, c: 1 } };
  idleClock!(data, now);
  expect(data).toEqual({ _sf2_meta: { u: now, c: 1 } });
  for (const odd of [{}, { _sf2_meta: 5 }, { _sf2_meta: { u: 'x' } }, { _sf2_meta: { u: 2n ** 60n } }] as never[]) {
    expect(() => idleClock!(odd, now)).not.toThrow();
    expect(inspect(odd)).not.toContain(String(now));
  }
});

describe('Joomla', () => {
  const { idleClock } = joomla({ secret: 'made-up', prefix: 'jos_', lifetime: 10 }).session;
  const timer = (last: number, time: number) =>
    `O:8:"stdClass":1:{s:5:"timer";O:8:"stdClass":3:{s:5:"start";i:5;s:4:"last";i:${last};s:3:"now";i:${time};}}`;
  const registry = (session: string) =>
    `O:24:"Joomla\\Registry\\Registry":3:{s:7:"\0*\0data";O:8:"stdClass":2:{s:7:"session";${session}s:4:"user";a:1:{i:0;d:1;}}` +
    's:14:"\0*\0initialized";b:1;s:9:"separator";s:1:".";}';
  const packed = (text: string) => ({ joomla: Buffer.from(text).toString('base64'), cart: 1 });
  const moved = (text: string) => {
    const data = packed(text);
    idleClock!(data, now);
    expect(data.cart).toBe(1);
    return Buffer.from(data.joomla, 'base64').toString();
  };

  test('once a minute, as setTimers(), and all else keeps its bytes', () => {
    const due = registry(timer(now - 90, now - 60));
    expect(moved(due)).toBe(registry(timer(now - 60, now)));
    const early = registry(timer(now - 90, now - 59));
    expect(moved(early)).toBe(early);
  });

  test('never for a session that Joomla would end', () => {
    expect(moved(registry(timer(5, now - 600)))).toBe(registry(timer(now - 600, now)));
    const over = registry(timer(5, now - 601));
    expect(moved(over)).toBe(over);
  });

  test.each([
    '',
    'x',
    'i:5;',
    registry('N;'),
    registry('O:8:"stdClass":0:{}'),
    registry('a:1:{s:5:"timer";a:1:{s:3:"now";i:5;}}'),
    registry(timer(5, now - 60).replace(`i:${now - 60}`, 's:1:"x"')),
    registry(timer(5, now - 60)).slice(0, -1),
    `${registry(timer(5, now - 60))}x`,
  ])('what it does not know stays as it is: %j', (text) => expect(moved(text)).toBe(text));

  test('a session without the string, or with another value in its place', () => {
    for (const data of [{}, { joomla: 5 }, { joomla: [] }, { joomla: null }, { joomla: 'no base64' }]) {
      const before = structuredClone(data);
      idleClock!(data, now);
      expect(data).toEqual(before);
    }
  });

  test('the recorded row has no clock, and stays', () => {
    const { row } = JSON.parse(readFileSync(join(__dirname, '../../../fixtures/presets/joomla.json'), 'utf8'));
    const data = { joomla: /"([^"]+)"/.exec(row.data)![1]! };
    const before = data.joomla;
    idleClock!(data, now);
    expect(data.joomla).toBe(before);
  });
});

describe('Roundcube', () => {
  const slot = now - (now % 300);
  const session = { user_id: 42, username: 'alice', auth_secret: 'made-up' };
  const renew = (value: string, data: object = session, request: { address?: string; ip?: string } = {}) => {
    const { idleCookie } = roundcube({ version: '1.6.5', ipCheck: request.ip !== undefined }).session;
    const { address, ip } = request;
    return idleCookie!.renew(data, { value, time: now, address, columns: ip === undefined ? {} : { ip } });
  };

  test('the second cookie of an earlier slot is made anew, as long as Roundcube takes it', () => {
    expect([0, 1, 2, 3, -1].map((ago) => renew(`made-up-${slot - ago * 300}`))).toEqual([
      undefined,
      `made-up-${slot}`,
      `made-up-${slot}`,
      undefined,
      undefined,
    ]);
  });

  test.each([
    '',
    '-del-',
    'made-up',
    'made-up-',
    `other-${slot - 300}`,
    `made-up-${slot - 300}x`,
    `made-up-${slot - 299}`,
    ` made-up-${slot - 300}`,
    `undefined-${slot - 300}`,
    `-${slot - 300}`,
  ])('%j gets none', (value) => {
    expect(renew(value)).toBeUndefined();
    expect(renew(value, { user_id: 42 })).toBeUndefined();
    expect(renew(value, { user_id: 42, auth_secret: '' })).toBeUndefined();
  });

  test('nobody who is not logged in gets one', () => {
    for (const user_id of [undefined, 0, '0', '', null, false]) {
      expect(renew(`made-up-${slot - 300}`, { ...session, user_id })).toBeUndefined();
    }
  });

  test('nor one at another address, with ip_check', () => {
    const old = `made-up-${slot - 300}`;
    expect(renew(old, session, { ip: '192.0.2.1', address: '192.0.2.1' })).toBe(`made-up-${slot}`);
    expect(renew(old, session, { ip: '192.0.2.1', address: '192.0.2.2' })).toBeUndefined();
    expect(renew(old, session, { ip: '192.0.2.1' })).toBeUndefined();
  });

  test('its slots are half of the lifetime, which is two minutes at least', () => {
    const name = 'other';
    for (const [sessionLifetime, seconds] of [
      [30, 900],
      [1, 60],
    ] as const) {
      const { idleCookie } = roundcube({ version: '1.7', sessionLifetime, sessionAuthName: name }).session;
      expect(idleCookie!.name).toBe(name);
      const mine = now - (now % seconds);
      const request = { value: `made-up-${mine - 2 * seconds}`, time: now, columns: {} };
      expect(idleCookie!.renew(session, request)).toBe(`made-up-${mine}`);
    }
  });
});
