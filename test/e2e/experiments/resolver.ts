import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import type { Certificate } from './certificate.ts';

/** A name server that a browser asks over https (RFC 8484). */
export interface Resolver {
  url: string;
  /** How often the address of the name was asked for. */
  asked(): number;
  stop(): Promise<void>;
}

/**
 * Gives one name several IPv4 addresses and knows no other name, so that a browser that asks only this server reaches
 * only these, and no file of the system is changed.
 *
 * @param timeToLive seconds that the browser may keep an answer
 */
export async function startResolver(
  name: string,
  addresses: readonly string[],
  { tls, timeToLive = 1 }: { tls: Certificate; timeToLive?: number },
): Promise<Resolver> {
  let asked = 0;
  const answer = (query: Buffer): Buffer => {
    const question = readQuestion(query);
    const known = question.name === name && question.type === typeA;
    if (known) asked++;
    const records = known ? addresses.map((address) => addressRecord(address, timeToLive)) : [];
    const header = Buffer.alloc(12);
    query.copy(header, 0, 0, 2); // the query's id
    // An answer, recursion desired and available, no error: a name without addresses is no error either.
    header.writeUInt16BE(0x8180, 2);
    header.writeUInt16BE(1, 4);
    header.writeUInt16BE(records.length, 6);
    return Buffer.concat([header, query.subarray(12, question.end), ...records]);
  };

  const server = createServer(
    { key: readFileSync(tls.key), cert: readFileSync(tls.certificate) },
    (request, response) => {
      const { searchParams } = new URL(request.url ?? '', 'https://localhost');
      const query =
        request.method === 'POST' ? buffer(request) : Buffer.from(searchParams.get('dns') ?? '', 'base64url');
      void Promise.resolve(query).then((bytes) => {
        response.setHeader('Content-Type', 'application/dns-message');
        response.end(answer(bytes));
      });
    },
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `https://127.0.0.1:${port}/dns-query`,
    asked: () => asked,
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

const typeA = 1;

/** The one question of a query (RFC 1035, 4.1.2), and where it ends. */
function readQuestion(query: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query.readUInt8(at); length > 0; length = query.readUInt8(at)) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(at + 1), end: at + 5 };
}

/** An A record (RFC 1035, 3.4.1) whose name is that of the question, at offset 12. */
function addressRecord(address: string, timeToLive: number): Buffer {
  const record = Buffer.from([0xc0, 12, 0, typeA, 0, 1, 0, 0, 0, 0, 0, 4, ...address.split('.').map(Number)]);
  record.writeUInt32BE(timeToLive, 6);
  return record;
}
