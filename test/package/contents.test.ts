import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import ts from 'typescript';
import { Consumer, clone, type Manifest, run } from './consumer.ts';

let consumer: Consumer;
/** Paths inside the package. */
let files: string[];
let manifest: Manifest;

beforeAll(async () => {
  consumer = await Consumer.create();
  files = readdirSync(consumer.package, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(consumer.package, join(entry.parentPath, entry.name)))
    .sort();
  manifest = JSON.parse(readFileSync(join(consumer.package, 'package.json'), 'utf8'));
}, 240_000);

afterAll(() => consumer?.remove());

describe('the tarball', () => {
  test('holds what is to be published, and nothing else', () => {
    const top = new Set(files.map((file) => file.split('/')[0]));
    const pages = ['CHANGELOG.md', 'CONTRIBUTING.md', 'LICENSE', 'README.md', 'SECURITY.md'];
    expect([...top].sort()).toEqual([...pages, 'dist', 'docs', 'package.json', 'php'].sort());
    const others = files.filter(
      (file) =>
        file.includes('/') &&
        !/^dist\/(esm|cjs)\/.*\.(js|d\.ts)$/.test(file) &&
        !/^php\/(src\/.*\.php|composer\.json|README\.md)$/.test(file) &&
        !/^docs\/([\w-]+\.md|images\/farm-(light|dark)\.png)$/.test(file),
    );
    expect(others).toEqual(['dist/cjs/package.json']);
  });

  test('has all pages and pictures that README.md leads to', () => {
    const readme = readFileSync(join(consumer.package, 'README.md'), 'utf8');
    const links = [...readme.matchAll(/\]\(([\w./-]+)[^)]*\)|src(?:set)?="([^"]+)"/g)].map(
      ([, page, image]) => page ?? image!,
    );
    expect(links.length).toBeGreaterThan(20);
    expect(links.filter((link) => !files.includes(link))).toEqual([]);
  });

  test('has every module as ES module, as CommonJS, and with types', () => {
    const sources = readdirSync(join(clone, 'src'), { recursive: true, encoding: 'utf8' }).filter((file) =>
      file.endsWith('.ts'),
    );
    const expected = sources.flatMap((file) => {
      const module = file.slice(0, -'.ts'.length);
      return ['esm', 'cjs'].flatMap((build) => [`dist/${build}/${module}.js`, `dist/${build}/${module}.d.ts`]);
    });
    expect(files.filter((file) => file.startsWith('dist/') && file !== 'dist/cjs/package.json')).toEqual(
      expected.sort(),
    );
  });

  test('passes publint', async () => {
    const publint = join(clone, 'node_modules', 'publint', 'src', 'cli.js');
    await run(process.execPath, [publint, 'run', consumer.package, '--strict', '--pack', 'false'], consumer.path());
  });
});

describe('exports', () => {
  test('name files that are there, each with its own types', () => {
    for (const { conditions } of entries(manifest)) {
      for (const [condition, build] of [
        ['import', './dist/esm/'],
        ['require', './dist/cjs/'],
      ] as const) {
        const { types, default: code } = conditions[condition];
        expect(code.startsWith(build)).toBe(true);
        expect(types).toBe(code.replace(/\.js$/, '.d.ts'));
        expect(files).toEqual(expect.arrayContaining([code.slice(2), types.slice(2)]));
      }
    }
  });

  test('have their types for TypeScript that does not know them, too', () => {
    const { typesVersions, types } = manifest;
    const old = Object.fromEntries(Object.entries(typesVersions['*']).map(([name, files]) => [`./${name}`, ...files]));
    expect({ '.': types, ...old }).toEqual(
      Object.fromEntries(entries(manifest).map(({ path, conditions }) => [path, conditions.require.types])),
    );
  });

  test('reach every module that is published', () => {
    const reached = entries(manifest).flatMap(({ conditions }) => [...closure(conditions.import.default)]);
    const modules = files.filter((file) => /^dist\/esm\/.*\.js$/.test(file));
    // Nobody imports a module of types alone at run time.
    const isEmpty = (file: string) =>
      read(file)
        .replace(/^\/\/.*$/gm, '')
        .trim() === 'export {};';
    expect(modules.filter((file) => !reached.includes(file) && !isEmpty(file))).toEqual([]);
  });

  test('are those of the documentation, and the other way round', () => {
    const docs = readdirSync(join(clone, 'docs')).filter((page) => page.endsWith('.md'));
    const pages = [join(clone, 'README.md'), ...docs.map((page) => join(clone, 'docs', page))];
    const text = pages.map((page) => readFileSync(page, 'utf8')).join('\n');
    const names = entries(manifest).map(({ path }) => join(manifest.name, path));
    const imported = [...text.matchAll(/(?:from|import\(|require\() ?['"](php-session-bridge[^'"]*)/g)];
    expect(imported.map(([, name]) => name!).filter((name) => !names.includes(name))).toEqual([]);
    expect(names.filter((name) => !new RegExp(`['"\`]${name}['"\`]`).test(text))).toEqual([]);
  });
});

test('the codec runs in a JavaScript that has nothing but the language', () =>
  consumer.program('bare-realm.mjs', '--experimental-vm-modules', '--no-warnings'));

function entries({ exports }: Manifest) {
  return Object.entries(exports).flatMap(([path, conditions]) =>
    typeof conditions === 'string' ? [] : [{ path, conditions }],
  );
}

function read(file: string): string {
  return readFileSync(join(consumer.package, file), 'utf8');
}

/** All files of the package that are loaded with this one. */
function closure(target: string): Set<string> {
  const found = new Set([join(target)]); // without the leading `./`
  for (const file of found) {
    // `import`, `export … from`, `import()` and `require()`
    for (const { fileName } of ts.preProcessFile(read(file), true, true).importedFiles) {
      if (fileName.startsWith('.')) found.add(join(dirname(file), fileName));
    }
  }
  return found;
}
