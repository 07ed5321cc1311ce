import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { arrayBuffer, buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { setImmediate } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { BodySite } from './koa-body-site.ts';

/** After the session's middleware, a body is complete, whichever way it is read. */
let site: BodySite;
const folder = mkdtempSync(join(tmpdir(), 'psb-body-'));

beforeAll(async () => {
  site = await BodySite.create();
  await site.start();
});
afterAll(async () => {
  expect(await site.stop()).toEqual([]);
  await site.remove();
  rmSync(folder, { recursive: true });
});

type Read = (request: IncomingMessage) => Promise<Uint8Array>;

const readers: Record<string, Read> = {
  'for await': async (request) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part);
    return Buffer.concat(parts);
  },
  "'data'": (request) =>
    new Promise((resolve, reject) => {
      const parts: Buffer[] = [];
      request.on('data', (part) => parts.push(part));
      request.on('end', () => resolve(Buffer.concat(parts)));
      request.on('error', reject);
    }),
  "'data', in an encoding": (request) =>
    new Promise((resolve, reject) => {
      let read = '';
      request.setEncoding('latin1');
      request.on('data', (part) => {
        read += part;
      });
      request.on('end', () => resolve(Buffer.from(read, 'latin1')));
      request.on('error', reject);
    }),
  "'readable'": (request) =>
    new Promise((resolve, reject) => {
      const parts: Buffer[] = [];
      request.on('readable', () => {
        for (let part = request.read(); part !== null; part = request.read()) parts.push(part);
      });
      request.on('end', () => resolve(Buffer.concat(parts)));
      request.on('error', reject);
    }),
  'pipe()': (request) => buffer(request.pipe(new PassThrough())),
  'pipeline() into a file': async (request) => {
    const file = join(folder, 'body');
    await pipeline(request, createWriteStream(file));
    return buffer(createReadStream(file));
  },
  'stream/consumers': async (request) => new Uint8Array(await arrayBuffer(request)),
  'pause() and resume()': (request) =>
    new Promise((resolve, reject) => {
      const parts: Buffer[] = [];
      request.on('data', (part) => {
        parts.push(part);
        request.pause();
        void setImmediate().then(() => request.resume());
      });
      request.on('end', () => resolve(Buffer.concat(parts)));
      request.on('error', reject);
    }),
  'later, when all of it is long there': async (request) => {
    for (let turns = 20; turns > 0; turns--) await setImmediate();
    return buffer(request);
  },
};

const hashOf = (bytes: Uint8Array): string => createHash('sha1').update(bytes).digest('hex');
const sizes = [0, 1, 2 ** 14 - 1, 2 ** 14, 2 ** 16, 2 ** 20];

describe.each(Object.entries(readers))('%s', (_, read) => {
  test.each(sizes)('%d bytes', async (size) => {
    const body = Buffer.from(Array.from({ length: size }, (_, i) => (i * 7 + (i >> 8)) % 251));
    const id = await site.put('a|i:1;');
    for (const headers of [{ 'content-length': size }, { 'transfer-encoding': 'chunked' }]) {
      for (const pieces of [1, 7]) {
        const request = site.post(async (ctx) => hashOf(await read(ctx.req)), id, headers);
        const answer = site.answer(request);
        const length = Math.ceil(size / pieces);
        for (let at = 0; at < size; at += length) {
          await new Promise((resolve) => request.write(body.subarray(at, at + length), resolve));
          for (let turns = 5; turns > 0; turns--) await setImmediate();
        }
        request.end();
        expect((await answer).value).toBe(hashOf(body));
      }
    }
  });
});
