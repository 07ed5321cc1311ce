import type { Ask } from './ask.ts';
import { lockNameIn, statementKind } from './statement-kind.ts';

/** A connection, as its server describes it. */
export interface Client {
  readonly who: string;
  readonly side: 'node' | 'php' | 'other';
  readonly statement: string;
  /** Since its last statement began, or its last one ended. */
  readonly seconds: number;
  /** The named lock that it waits for; null where its name is not visible; `undefined` where it waits for none. It is never shown: it may be an id. */
  readonly waitsForName: string | null | undefined;
}

type Row = [
  ...[id: number | string, user: string, host: string, info: string | null],
  ...[state: string | null, seconds: number | string | null],
];
type Attribute = [id: number | string, name: string, value: string | null];

export interface Clients {
  /** All connections that this account may see, by their numbers. */
  readonly byId: ReadonlyMap<number, Client>;
  /** Whether the server tells which of them are of Node and of PHP. */
  readonly areKnown: boolean;
}

export async function readClients({ query, see, unseen }: Ask): Promise<Clients> {
  const rows = await query<Row>('SELECT ID, USER, HOST, INFO, STATE, TIME FROM information_schema.PROCESSLIST');
  const attributes = await readAttributes(see, query, unseen);
  const byId = new Map<number, Client>(
    rows.map(([id, user, host, info, state, seconds]) => {
      const {
        php_session_bridge: version,
        program_name: program,
        pid,
        host: machine,
        _client_name: name,
      } = attributes?.get(Number(id)) ?? {};
      const isNode = version !== undefined || program === 'php-session-bridge';
      const isPhp = name === 'mysqlnd';
      const who = isNode
        ? `Node ${program}, process ${pid} on ${machine}`
        : isPhp
          ? `PHP at ${host}`
          : `${user} at ${host}`;
      const side = isNode ? 'node' : isPhp ? 'php' : 'other';
      const waitsForName = state === 'User lock' ? (lockNameIn(info) ?? null) : undefined;
      return [Number(id), { who, side, statement: statementKind(info), seconds: Number(seconds ?? 0), waitsForName }];
    }),
  );
  return { byId, areKnown: attributes !== undefined };
}

async function readAttributes(
  see: Ask['see'],
  query: Ask['query'],
  unseen: string[],
): Promise<Map<number, Record<string, string>> | undefined> {
  const what = 'which process a connection is of (its address is shown)';
  const [on] = await query<[number | string]>('SELECT @@performance_schema');
  if (Number(on![0]) !== 1) {
    unseen.push(`${what}: performance_schema is off`);
    return undefined;
  }
  const rows = await see(what, 'SELECT ON performance_schema.*', () =>
    query<Attribute>(`SELECT PROCESSLIST_ID, ATTR_NAME, ATTR_VALUE FROM performance_schema.session_connect_attrs
      WHERE ATTR_NAME IN ('php_session_bridge', 'program_name', 'pid', 'host', '_client_name')`),
  );
  if (rows === undefined) return undefined;
  const byId = new Map<number, Record<string, string>>();
  for (const [id, name, value] of rows) {
    const attributes = byId.get(Number(id)) ?? {};
    byId.set(Number(id), { ...attributes, ...(value !== null && { [name]: value }) });
  }
  return byId;
}
