import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Consumer, clone, run } from './consumer.ts';

let consumer: Consumer;

beforeEach(async () => {
  consumer = await Consumer.create();
  consumer.install('koa');
  copy('test/package/signals-site.mjs');
}, 240_000);
afterEach(() => consumer?.remove());

const copy = (file: string) => copyFileSync(join(clone, file), consumer.path(basename(file)));

describe('the examples work with the libraries that they name', () => {
  test.each(['opentelemetry', 'prometheus'])(
    '%s',
    async (name) => {
      const folder = `examples/${name}`;
      const { dependencies, devDependencies = {} } = JSON.parse(
        readFileSync(join(clone, folder, 'package.json'), 'utf8'),
      );
      mkdirSync(consumer.path('node_modules/@opentelemetry'), { recursive: true });
      const wanted = Object.entries({ ...dependencies, ...devDependencies });
      await consumer.fetch(...wanted.map(([library, version]) => `${library}@${version}`));
      const lines = readFileSync(join(clone, folder, 'signals.mjs'), 'utf8')
        .trimEnd()
        .split('\n');
      expect(lines.length).toBeLessThanOrEqual(40);
      copy(`${folder}/signals.mjs`);
      await consumer.program(`${name}.mjs`);
    },
    240_000,
  );
});

describe('a listener that throws', () => {
  test("'uncaughtException' gets its error, and the requests do not see it", async () => {
    copy('test/package/throwing-listener.mjs');
    await run(process.execPath, ['throwing-listener.mjs', 'catches'], consumer.path());
  });

  test('without such a listener Node ends the process', async () => {
    const running = consumer.program('throwing-listener.mjs');
    await expect(running).rejects.toThrow('Error: of the listener of lock');
  });
});
