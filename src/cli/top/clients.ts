import type { Ask } from './ask.ts';
import { statementKind } from './statement-kind.ts';

/** A connection, as its server describes it. */
export interface Client {
  readonly who: string;
  readonly side: 'node' | 'php' | 'other';
  readonly statement: string;
}

type Row = [id: number | string, user: string, host: string, info: string | null];
type Attribute = [id: number | string, name: string, value: string | null];

export interface Clients {
  /** All connections that this account may see, by their numbers. */
  readonly byId: ReadonlyMap<number, Client>;
  /** Whether the server tells which of them are of Node and of PHP. */
  readonly areKnown: boolean;
}

export async function readClients({ query, see, unseen }: Ask): Promise<Clients> {
  const rows = await query<Row>('SELECT ID, USER, HOST, INFO FROM information_schema.PROCESSLIST');
  const attributes = await readAttributes(see, query, unseen);
  const byId = new Map<number, Client>(
    rows.map(([id, user, host, info]) => {
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
      return [Number(id), { who, side: isNode ? 'node' : isPhp ? 'php' : 'other', statement: statementKind(info) }];
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
