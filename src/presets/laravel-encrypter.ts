import {
  type CipherGCM,
  createCipheriv,
  createDecipheriv,
  createHmac,
  type DecipherGCM,
  randomBytes,
} from 'node:crypto';
import { isEqual } from '../login/same-secret.ts';
import { base64 } from '../stores/base64.ts';

export interface LaravelKeys {
  /**
   * `APP_KEY` as Laravel's `.env` has it: `base64:` and the key in base64, or the key itself. Or a function that gives it each time that it is
   * needed.
   */
  key: string | (() => string);
  /** `APP_PREVIOUS_KEYS`, as a list: what was encrypted with them is still read. Default none. */
  previousKeys?: readonly string[] | (() => readonly string[]);
  /** `cipher` of `config/app.php`, in capitals or not. Default `'AES-256-CBC'`, as in Laravel's skeleton. */
  cipher?: LaravelCipher | Lowercase<LaravelCipher>;
}
export type LaravelCipher = 'AES-128-CBC' | 'AES-256-CBC' | 'AES-128-GCM' | 'AES-256-GCM';

/** Laravel's `Encrypter`: base64 of a JSON object with `iv`, `value`, `mac` and `tag`. */
export interface LaravelEncrypter {
  /** The present key first. */
  keys(): readonly Uint8Array[];
  encrypt(plain: Uint8Array): string;
  /** @returns `undefined` for what was not encrypted with one of the keys */
  decrypt(payload: string): Buffer | undefined;
}

interface Cipher {
  readonly name: 'aes-128-cbc' | 'aes-256-cbc' | 'aes-128-gcm' | 'aes-256-gcm';
  readonly keySize: number;
  readonly ivSize: number;
  /** The cipher itself knows what was changed, by a tag. The others need the MAC. */
  readonly isAead: boolean;
}

const ciphers: readonly Cipher[] = [
  { name: 'aes-128-cbc', keySize: 16, ivSize: 16, isAead: false },
  { name: 'aes-256-cbc', keySize: 32, ivSize: 16, isAead: false },
  { name: 'aes-128-gcm', keySize: 16, ivSize: 12, isAead: true },
  { name: 'aes-256-gcm', keySize: 32, ivSize: 12, isAead: true },
];

const TAG_SIZE = 16;

/** @throws TypeError for a wrong option, without its value; where a key is a function, when it is called */
export function laravelEncrypter({
  key,
  previousKeys = [],
  cipher: name = 'AES-256-CBC',
}: LaravelKeys): LaravelEncrypter {
  const cipher = ciphers.find((one) => one.name === String(name).toLowerCase());
  if (cipher === undefined) throw new TypeError('cipher must be AES-128-CBC, AES-256-CBC, AES-128-GCM or AES-256-GCM');
  const keys = () => {
    const [first, others] = [call(key), call(previousKeys)];
    if (!Array.isArray(others))
      throw new TypeError('previousKeys must be a list of keys, or a function that gives one');
    return [readKey(first, 'key', cipher), ...others.map((one) => readKey(one, 'previousKeys', cipher))];
  };
  if (typeof key !== 'function' && typeof previousKeys !== 'function') keys();
  return {
    keys,
    encrypt: (plain) => encrypt(plain, cipher, keys()[0]!),
    decrypt(payload) {
      const envelope = openEnvelope(payload, cipher);
      if (envelope === undefined) return undefined;
      for (const key of keys()) {
        const plain = decrypt(envelope, cipher, key);
        if (plain !== undefined) return plain;
      }
      return undefined;
    },
  };
}

function call<Value>(value: Value | (() => Value)): Value {
  return typeof value === 'function' ? (value as () => Value)() : value;
}

/** @throws TypeError */
function readKey(text: unknown, option: string, { name, keySize }: Cipher): Uint8Array {
  const key =
    typeof text !== 'string' ? undefined : text.startsWith('base64:') ? fromBase64(text.slice(7)) : Buffer.from(text);
  if (key?.length === keySize) return key;
  throw new TypeError(`${option} must be the text of APP_KEY, with ${keySize} bytes for ${name.toUpperCase()}`);
}

/** What is in a payload: texts in base64, but for the MAC in hexadecimal digits. */
interface Envelope {
  readonly iv: string;
  readonly value: string;
  readonly mac: string;
  readonly tag: string;
}

function openEnvelope(payload: string, { ivSize }: Cipher): Envelope | undefined {
  let found: unknown;
  try {
    found = JSON.parse(Buffer.from(payload, 'base64').toString());
  } catch {
    return undefined;
  }
  const { iv, value, mac, tag = '' } = (found ?? {}) as Partial<Record<keyof Envelope, unknown>>;
  if (typeof iv !== 'string' || typeof value !== 'string' || typeof mac !== 'string' || typeof tag !== 'string') {
    return undefined;
  }
  return fromBase64(iv)?.length === ivSize ? { iv, value, mac, tag } : undefined;
}

function encrypt(plain: Uint8Array, { name, ivSize, isAead }: Cipher, key: Uint8Array): string {
  const nonce = randomBytes(ivSize);
  const cipher = createCipheriv(name, key, nonce);
  const value = Buffer.concat([cipher.update(plain), cipher.final()]).toString('base64');
  const iv = nonce.toString('base64');
  const envelope: Envelope = {
    iv,
    value,
    mac: isAead ? '' : macOf(iv, value, key),
    tag: isAead ? (cipher as CipherGCM).getAuthTag().toString('base64') : '',
  };
  return Buffer.from(JSON.stringify(envelope)).toString('base64');
}

/** Nothing comes out that was not made with this key: a MAC is compared before, and a tag has to be whole. */
function decrypt({ iv, value, mac, tag }: Envelope, { name, isAead }: Cipher, key: Uint8Array): Buffer | undefined {
  const [bytes, given] = [fromBase64(value), fromBase64(tag)];
  if (bytes === undefined || given === undefined) return undefined;
  if (isAead ? given.length !== TAG_SIZE : tag !== '' || !isEqual(macOf(iv, value, key), mac)) return undefined;
  try {
    const decipher = createDecipheriv(name, key, fromBase64(iv)!);
    if (isAead) (decipher as DecipherGCM).setAuthTag(given);
    return Buffer.concat([decipher.update(bytes), decipher.final()]);
  } catch {
    return undefined;
  }
}

/** @returns `undefined` for anything that `base64_encode()` does not write */
function fromBase64(text: string): Uint8Array | undefined {
  return base64.decode(Buffer.from(text));
}

function macOf(iv: string, value: string, key: Uint8Array): string {
  return createHmac('sha256', key)
    .update(iv + value)
    .digest('hex');
}
