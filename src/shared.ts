/**
 * One process may have two copies of this package, of two versions. What must exist once in the process is created here by the
 * copy that comes first, under a registered symbol. The second one finds it there. So it writes what the first one has read as the first
 * one would.
 */
const registry = Symbol.for('php-session-bridge/0');

export function shared<T>(name: string, create: () => T): T {
  const holder = globalThis as { [registry]?: Map<string, unknown> };
  holder[registry] ??= new Map();
  const state = holder[registry];
  if (!state.has(name)) state.set(name, create());
  return state.get(name) as T;
}
