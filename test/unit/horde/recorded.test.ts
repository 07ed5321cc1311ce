import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { decodeSession, serialize } from '../../../src/codec/index.ts';
import { hordeCipher } from '../../../src/horde/credentials.ts';
import { hordeSession } from '../../../src/horde/index.ts';

// Rows of Horde and IMP with each set of drivers that Horde_Pack may have, and what Horde_Session::get() gives of them (fixtures/horde).

interface Recorded {
  name: string;
  row: string;
  key: string;
  secretKey: string;
  /** App, name, and what serialize() writes, each in base64. */
  values: [string, string, string][];
}
interface Vector {
  key: string;
  secretKey: string;
  text: string;
  encrypted: string;
}

const recorded: { sessions: Recorded[]; blowfish: Vector[] } = JSON.parse(
  readFileSync(join(__dirname, '../../../fixtures/horde/sessions.json'), 'utf8'),
);
const bytes = (text: string) => Buffer.from(text, 'base64');

describe.each(recorded.sessions)('a row of a Horde with $name', ({ row, key, secretKey, values }) => {
  test('has the values that Horde gives', () => {
    const session = decodeSession(bytes(row));
    const horde = hordeSession(session);
    const cipher = hordeCipher({ key, secretKey });
    const found = values.map(([app, name]) => {
      const value = horde.get(bytes(app).toString(), bytes(name).toString(), cipher);
      return [bytes(app).toString(), bytes(name).toString(), Buffer.from(serialize(value)).toString('latin1')];
    });
    expect(found).toEqual(
      values.map(([app, name, value]) => [
        bytes(app).toString(),
        bytes(name).toString(),
        bytes(value).toString('latin1'),
      ]),
    );
    expect(found.length).toBeGreaterThan(3);
  });
});

test('the rows have packs of each driver, with and without LZ4', () => {
  const flags = recorded.sessions.flatMap(({ row }) => {
    const apps = decodeSession<Record<string, Record<string, unknown>>>(bytes(row));
    const values = ['horde', 'imp'].flatMap((app) => Object.values(apps[app] ?? {}));
    return values
      .map((value) => (typeof value === 'string' ? Buffer.from(value) : value))
      .filter((it) => it instanceof Uint8Array);
  });
  const kinds = new Set(flags.map((value) => `${value[0]}${value[1] === 0x48 ? ' LZ4' : ''}`));
  for (const kind of ['65', '66', '68', '80', '68 LZ4', '80 LZ4']) expect(kinds).toContain(kind);
});

test('values are encrypted as Horde_Crypt_Blowfish does', () => {
  for (const { key, secretKey, text, encrypted } of recorded.blowfish) {
    if (text === '') continue; // Horde_Secret encrypts nothing of it
    const cipher = hordeCipher({ key, secretKey });
    expect(Buffer.from(cipher.encrypt(bytes(text))).toString('base64')).toBe(encrypted);
    expect(Buffer.from(cipher.decrypt(bytes(encrypted))!)).toEqual(bytes(text));
  }
  expect(recorded.blowfish.length).toBe(18);
});
