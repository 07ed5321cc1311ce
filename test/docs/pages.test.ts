import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Consumer, clone, run } from '../package/consumer.ts';

/** All pages for readers, by their path in the clone. */
const pages = ['.', 'docs', 'php']
  .flatMap((folder) => readdirSync(join(clone, folder)).map((name) => join(folder, name)))
  .filter((path) => path.endsWith('.md'));

const read = (path: string) => readFileSync(join(clone, path), 'utf8');

test('there is a README.md', () => expect(pages).toContain('README.md'));

describe('relative links lead to files and headings that exist', () => {
  test.each(pages)('%s', (page) => {
    const broken = links(read(page)).filter((link) => {
      const [path, anchor] = link.split('#') as [string, string | undefined];
      const target = path === '' ? page : join(dirname(page), decodeURI(path));
      if (!existsSync(join(clone, target))) return true;
      if (anchor === undefined) return false;
      return statSync(join(clone, target)).isDirectory() || !anchors(read(target)).includes(anchor);
    });
    expect(broken).toEqual([]);
  });
});

describe('examples', () => {
  let consumer: Consumer;

  beforeAll(async () => {
    consumer = await Consumer.create();
    consumer.install('koa', 'koa-session', '@types/koa', '@types/node', 'mysql2', 'typescript');
    consumer.install('koa-passport', 'express', '@types/express', 'fastify', 'ws', 'hono', '@hono/node-server', 'h3');
  }, 240_000);

  afterAll(() => consumer?.remove());

  // What begins with an import, perhaps below the name of its file, is a whole module; the others are parts of one.
  const examples = pages.flatMap((page) => {
    const fences = [...read(page).matchAll(/^```(js|ts)\n((?:\/\/ \S+\n)?import .*?)^```/gms)];
    return fences.map(([, language, code], index) => ({ page, number: index + 1, language, code }));
  });

  test('README.md has some', () => expect(examples.some(({ page }) => page === 'README.md')).toBe(true));

  test('compile with the types of the package', async () => {
    const files = examples.map(({ page, number, language, code }) => {
      const file = `${page.replace(/\W/g, '-')}-${number}.m${language}`;
      consumer.write(file, code!);
      return file;
    });
    const compilerOptions = {
      ...{ module: 'NodeNext', target: 'ES2022', lib: ['ES2023'], types: ['node'], esModuleInterop: true },
      ...{ strict: true, noImplicitAny: false, allowJs: true, checkJs: true, noEmit: true, skipLibCheck: true },
    };
    consumer.write('tsconfig.json', JSON.stringify({ compilerOptions, files }));
    await run(process.execPath, [consumer.path('node_modules/typescript/bin/tsc')], consumer.path());
  }, 240_000);
});

/** Targets of Markdown's links and images, and HTML's, without those to other places. */
function links(markdown: string): string[] {
  const text = withoutCode(markdown);
  const found = [
    ...text.matchAll(/\]\(\s*<?([^\s()<>]+)/g),
    ...text.matchAll(/^\[[^\]]+\]:\s*(\S+)/gm),
    ...text.matchAll(/\b(?:href|src)="([^"]+)"/g),
  ];
  return found.map(([, target]) => target!).filter((target) => !/^[a-z][a-z+.-]*:|^\/\//i.test(target));
}

/** The anchors that GitHub gives to headings. */
function anchors(markdown: string): string[] {
  const headings = [...markdown.replace(/^```.*?^```/gms, '').matchAll(/^#+ (.*)$/gm)];
  const plain = headings.map(([, heading]) => heading!.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, ''));
  return plain.map((heading) => heading.trim().replace(/\s/g, '-'));
}

function withoutCode(markdown: string): string {
  return markdown.replace(/^```.*?^```/gms, '').replace(/`[^`\n]*`/g, '');
}
