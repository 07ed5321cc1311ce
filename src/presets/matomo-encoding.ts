import { base64 } from '../stores/base64.ts';
import type { Encoding } from '../stores/encoding.ts';

/** Matomo's sessions: `serialize()` of an array whose one element `data` has the session, serialized, in base64 (`Zend_Session::writeClose()`). */
export const matomoEncoding: Encoding = {
  name: "Matomo's packing",
  encode(data) {
    const text = Buffer.from(base64.encode(data));
    return Buffer.concat([Buffer.from(`${BEGIN}${text.length}:"`), text, Buffer.from(END)]);
  },
  decode(stored) {
    const row = Buffer.from(stored).toString('latin1');
    const [begin, size] = /^a:1:\{s:4:"data";s:(\d{1,10}):"/.exec(row) ?? [];
    if (begin === undefined || !row.endsWith(END)) return undefined;
    const text = row.slice(begin.length, -END.length);
    return text.length === Number(size) ? base64.decode(Buffer.from(text, 'latin1')) : undefined;
  },
};

const BEGIN = 'a:1:{s:4:"data";s:';
const END = '";}';
