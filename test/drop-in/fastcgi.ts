import { connect } from 'node:net';

/** Record types of the FastCGI specification, section 8. */
const [begin, params, stdin, stdout] = [1, 4, 5, 6];

/**
 * One request to PHP-FPM, as a web server sends it.
 *
 * @returns what PHP answers: headers and body
 */
export function askFpm(socket: string, parameters: Record<string, string>, body: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const client = connect(socket);
    const parts: Buffer[] = [];
    client.on('data', (part) => parts.push(part));
    client.on('error', reject);
    client.on('end', () => resolve(outputOf(Buffer.concat(parts))));
    client.write(record(begin, Buffer.from([0, 1, 0, 0, 0, 0, 0, 0]))); // The role of a responder; the connection closes.
    client.write(record(params, Buffer.concat(Object.entries(parameters).map(([name, value]) => pair(name, value)))));
    client.write(record(params, Buffer.alloc(0)));
    client.write(record(stdin, Buffer.from(body)));
    client.write(record(stdin, Buffer.alloc(0)));
  });
}

function record(type: number, content: Buffer): Buffer {
  const header = Buffer.from([1, type, 0, 1, 0, 0, 0, 0]);
  header.writeUInt16BE(content.length, 4);
  return Buffer.concat([header, content]);
}

/** A length of four bytes has its first bit set. */
function pair(name: string, value: string): Buffer {
  const lengths = Buffer.alloc(8);
  lengths.writeUInt32BE((Buffer.byteLength(name) | 0x80000000) >>> 0, 0);
  lengths.writeUInt32BE((Buffer.byteLength(value) | 0x80000000) >>> 0, 4);
  return Buffer.concat([lengths, Buffer.from(name), Buffer.from(value)]);
}

function outputOf(answer: Buffer): string {
  let output = '';
  for (let at = 0; at + 8 <= answer.length; ) {
    const length = answer.readUInt16BE(at + 4);
    if (answer[at + 1] === stdout) output += answer.toString('utf8', at + 8, at + 8 + length);
    at += 8 + length + (answer[at + 6] ?? 0);
  }
  return output;
}
