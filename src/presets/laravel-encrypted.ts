import type { Encoding } from '../stores/encoding.ts';
import { type LaravelKeys, laravelEncrypter } from './laravel-encrypter.ts';

/**
 * Sessions of a Laravel with `encrypt` in `config/session.php`: `serialize()` of the session's text, encrypted (`EncryptedStore`), and with
 * `base64` around it for the database.
 *
 * @throws TypeError for a wrong option, without its value; where a key is a function, when it is called
 */
export function laravelEncrypted(options: LaravelKeys): Encoding {
  const encrypter = laravelEncrypter(options);
  return {
    name: "Laravel's encryption",
    encode(data) {
      const text = Buffer.concat([Buffer.from(`s:${data.length}:"`), data, Buffer.from('";')]);
      return Buffer.from(Buffer.from(encrypter.encrypt(text)).toString('base64'));
    },
    decode(stored) {
      const payload = Buffer.from(Buffer.from(stored).toString('latin1'), 'base64').toString('latin1');
      const text = encrypter.decrypt(payload);
      if (text === undefined) return undefined;
      // It is one string, whatever is in it. Nothing else is read, and so nothing is unserialized.
      const [start, size] = /^s:(\d{1,10}):"/.exec(text.toString('latin1', 0, 16)) ?? [];
      const data = text.subarray(start?.length ?? 0, -2);
      return start !== undefined && data.length === Number(size) && text.toString('latin1', text.length - 2) === '";'
        ? data
        : undefined;
    },
  };
}
