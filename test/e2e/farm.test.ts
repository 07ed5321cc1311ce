import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Farm, startFarm } from '../../examples/farm/farm.mjs';
import { checkFarm } from '../../examples/farm/once.mjs';
import { type Answer, Visitor } from '../../examples/farm/visitor.mjs';

let farm: Farm;

beforeAll(async () => {
  // The farm's servers use the package as it is published.
  execFileSync(process.execPath, ['tools/build.mjs'], { stdio: 'inherit' });
  farm = await startFarm();
}, 120_000);

afterAll(() => farm?.stop());

describe('one session on all servers', () => {
  test('1,000 increments, 16 in flight, give exactly 1,000', async () => {
    const visitor = new Visitor(farm.url);
    const answers: Answer[] = [await visitor.get('/count')];
    let sent = 1;
    const worker = async () => {
      while (sent < 1_000) {
        sent++;
        answers.push(await visitor.get('/count'));
      }
    };
    await Promise.all(Array.from({ length: 16 }, worker));

    expect(answers.map((answer) => answer.status).filter((status) => status !== 200)).toEqual([]);
    // Under one lock no two requests see the same count.
    expect(answers.map((answer) => answer.count).sort((a, b) => a - b)).toEqual(range(1, 1_000));
    expect((await visitor.get('/')).count).toBe(1_000);
    const byPhp = answers.filter((answer) => answer.server?.startsWith('php-')).length;
    expect(byPhp).toBeGreaterThanOrEqual(200);
    expect(new Set(answers.map((answer) => answer.server))).toEqual(new Set(Object.keys(farm.servers)));
  }, 120_000);

  test('turns, logins and logouts, as `npm start -- --once` checks them', async () => {
    const results = await checkFarm(farm);
    expect(results.length).toBeGreaterThan(0);
    expect(results.filter((result) => !result.passed)).toEqual([]);
  });

  test('what a visitor writes into a page is text, in both languages and all frameworks', async () => {
    for (const name of ['php-1', 'node-1', 'node-3', 'node-4', 'node-5'] as const) {
      const visitor = new Visitor(farm.servers[name].url);
      await visitor.post('/login', { user: '<script>&"\'' });
      const page = await fetch(`${farm.servers[name].url}/`, { headers: { cookie: visitor.cookie } });
      const text = await page.text();
      expect(page.headers.get('content-type')).toMatch(/^text\/html/);
      expect(text).not.toContain('<script>');
      expect(text).toMatch(/&(lt|#60);script&(gt|#62);&(amp|#38);&(quot|#34);&#0?39;/);
    }
  });
});

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}
