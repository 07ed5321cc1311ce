import type { OptionValue, OptionValues, Recognition, Unknown } from './recognition.ts';

/** Options as they are written: by name, and then JavaScript. */
type Written = [name: string, code: string][];

/**
 * The lines to paste. What is needed and not known comes from variables of the environment, with a comment that says where PHP's side has it.
 */
export function codeOf(recognition: Omit<Recognition, 'code'>): string {
  const { application, preset, options, store, session, phpIni } = recognition;
  const extensions = ['igbinary', 'msgpack'].filter((name) =>
    [session, phpIni.session].some(({ serializeHandler }) => serializeHandler === name),
  );
  const spread = (half: string): string[] => (preset === undefined ? [] : [`...app.${half}`]);
  return [
    "import { phpSession } from 'php-session-bridge/koa'; // or your framework's: express, fastify, h3, hono, http",
    "import { mysqlStore } from 'php-session-bridge/mysql';",
    ...(preset === undefined ? [] : [`import { ${preset} } from 'php-session-bridge/presets';`]),
    ...extensions.map((name) => `import { ${name} } from 'php-session-bridge/${name}';`),
    '',
    ...(preset === undefined
      ? []
      : [
          `// ${application}${recognition.versions === undefined ? '' : ` ${recognition.versions}`}`,
          `const app = ${call(preset, [...lines(written(options)), ...unknownOf(recognition, 'preset')])};`,
        ]),
    `const store = ${call('mysqlStore', [
      'connection: process.env.DATABASE_URL, // mysql://user:password@host/database',
      ...lines(written(phpIni.store)),
      ...spread('store').map((it) => `${it},`),
      ...lines(written(store)),
      ...unknownOf(recognition, 'store'),
    ])};`,
    `const session = ${call('phpSession', [
      'store,',
      ...lines(written(phpIni.session)),
      ...spread('session').map((it) => `${it},`),
      ...lines(written(session)),
      ...unknownOf(recognition, 'session'),
    ])};`,
    '',
  ].join('\n');
}

const written = (values: Recognition['store']): Written =>
  Object.entries(values).map(([name, value]) => [
    name,
    typeof value === 'object' ? inside(value) : name === 'serializeHandler' ? formatOf(value) : literal(value),
  ]);
/** Formats of extensions are imported. */
const formatOf = (value: OptionValue): string =>
  value === 'igbinary' ? 'igbinary' : value === 'msgpack' ? 'msgpack()' : literal(value);
const inside = (values: OptionValues): string =>
  `{ ${Object.entries(values)
    .map(([name, value]) => `${name}: ${literal(value)}`)
    .join(', ')} }`;
const lines = (values: Written): string[] => values.map(([name, code]) => `${name}: ${code},`);

function call(name: string, lines: readonly string[]): string {
  return lines.length === 0 ? `${name}()` : `${name}({\n${lines.map((line) => `  ${line}\n`).join('')}})`;
}

/** Text in single quotes. Names of tables and cookies come from the database: nothing of them ends a text or a line. */
function literal(value: OptionValue): string {
  if (typeof value !== 'string') return String(value);
  const inner = JSON.stringify(value).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'");
  return `'${inner.replace(/[\u2028\u2029\u007f-\u009f]/g, (it) => `\\u${it.charCodeAt(0).toString(16).padStart(4, '0')}`)}'`;
}

/** What is needed from the environment, and the rest as a comment: its default may be right. Options inside an object have a dot in their name. */
function unknownOf({ unknown }: Pick<Recognition, 'unknown'>, of: Unknown['of']): string[] {
  return unknown
    .filter((one) => one.of === of)
    .map(({ option, env, where, isNumber, likely }) => {
      if (env === undefined) return `// ${option}: ${where}`;
      const hint = likely === undefined ? '' : `likely ${literal(likely)}; `;
      const [name, inner] = option.split('.');
      const read = isNumber ? `Number(process.env.${env})` : `process.env.${env}`;
      return `${name}: ${inner === undefined ? read : `{ ${inner}: ${read} }`}, // ${hint}${where}`;
    });
}
