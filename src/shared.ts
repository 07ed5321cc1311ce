/**
 * One process may load this package twice: once as ES module and once as CommonJS. What must exist once in the
 * process (queues of sessions, origins of decoded containers) is created here by whoever comes first, under a
 * registered symbol, and found there by the second copy.
 */
const registry = Symbol.for('php-session-bridge/0');

export function shared<T>(name: string, create: () => T): T {
  const holder = globalThis as { [registry]?: Map<string, unknown> };
  holder[registry] ??= new Map();
  const state = holder[registry];
  if (!state.has(name)) state.set(name, create());
  return state.get(name) as T;
}
