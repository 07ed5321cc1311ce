import type { Count, Kind, MapShape, Shape } from './shape.ts';

/**
 * Which keys are names in code, and not data.
 *
 * @param sessions that have it
 * @param of so many that have an array at its place
 */
export type IsName = (key: string, sessions: number, of: number) => boolean;

const ORDER: readonly Kind[] = [
  ...(['string', 'number', 'bigint', 'boolean', 'Uint8Array', 'PhpObject', 'PhpEnum', 'PhpCustom', 'null'] as const),
];

/**
 * A TypeScript interface of `$_SESSION`. What it says is in the sessions that were read, and PHP's code may write other ones.
 *
 * @param name of the interface
 */
export function interfaceOf(name: string, session: MapShape, isName: IsName): string {
  const body = mapText(session, isName, '');
  const used = ['PhpCustom', 'PhpEnum', 'PhpObject'].filter((type) => new RegExp(`\\b${type}\\b(?!['"])`).test(body));
  const imports = used.length === 0 ? '' : `import type { ${used.join(', ')} } from 'php-session-bridge';\n\n`;
  // Not a Record: an interface has braces of its own.
  return `${imports}export interface ${name} ${body}`;
}

function typeText(shape: Shape, isName: IsName, indent: string): string {
  if (shape.isTooDeep) return 'unknown';
  const types: string[] = ORDER.filter((kind) => shape.kinds.has(kind));
  const { elements, map, hasEmpty } = shape;
  if (elements !== undefined) types.unshift(listText(typeText(elements, isName, indent)));
  else if (hasEmpty) types.unshift(map === undefined ? 'unknown[]' : 'never[]');
  if (map !== undefined) types.unshift(mapText(map, isName, indent));
  return types.length === 0 ? 'unknown' : types.join(' | ');
}

const listText = (type: string): string => (/^[\w[\]]+$/.test(type) ? `${type}[]` : `(${type})[]`);

function mapText(map: MapShape, isName: IsName, indent: string): string {
  const inner = `${indent}  `;
  const isNamed = ([key, { count }]: [string, { count: Count }]) => isName(key, count.sessions, map.count.sessions);
  const named = [...map.names].filter(isNamed);
  const data = [...map.names].filter((one) => !isNamed(one));
  const lines = named.map(([key, { count, shape }]) => {
    const mark = count.times < map.count.times ? '?' : '';
    return `${inner}${propertyName(key)}${mark}: ${typeText(shape, isName, inner)};`;
  });
  if (data.length > 0 || map.hasOthers) {
    const shapes = [...data.map(([, { shape }]) => shape), ...(map.hasOthers ? [map.others] : [])];
    const types = [...new Set(shapes.map((shape) => typeText(shape, isName, inner)))];
    // With names beside it, an index signature must hold what is under these too.
    const type = named.length > 0 || types.length > 3 ? 'unknown' : types.join(' | ');
    lines.push(`${inner}[key: string]: ${type};`);
  }
  return lines.length === 0 ? '{}' : `{\n${lines.join('\n')}\n${indent}}`;
}

const propertyName = (key: string): string => (/^[A-Za-z_$][\w$]*$/.test(key) ? key : JSON.stringify(key));
