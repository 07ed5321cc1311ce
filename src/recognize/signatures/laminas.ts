import { type Answer, optional, type Seen, type Signature } from '../signature.ts';

/** `DbTableGateway` of laminas-session, and of Zend Framework. */
export const laminas: Signature = {
  application: 'Laminas',
  preset: 'laminas',
  columns: { id: 'key', name: 'key', modified: 'int', lifetime: 'int', data: 'data' },
  ...{ id: 'id', data: 'data', time: 'modified', meaning: 'lastUsed' },
  also: ['name', 'lifetime'],
  usualTable: 'session',
  shownBy: 'rows',
  emptyTable: /sessions?$/,
  marks: ['__Laminas', '__ZF'],
  hasRawIds: true,
  read,
};

/** Name and lifetime are in each row. */
function read(seen: Seen): Answer {
  const [names, lifetimes] = [new Set(seen.values('name')), new Set(seen.values('lifetime'))];
  const [name = 'PHPSESSID'] = names;
  const [lifetime = '1440'] = lifetimes;
  if (names.size > 1)
    return {
      hasPreset: false,
      todo: ['The rows have several names of sessions: Node can only share a table in which all have one'],
    };
  const isKnown = names.size === 1 && /^[\w-]+$/.test(name) && /^\d{1,9}$/.test(lifetime);
  return {
    versions: 'laminas-session 2',
    ...(isKnown && { options: { name, lifetime: Number(lifetime) }, sure: ['name and lifetime are in the rows'] }),
    unknown: isKnown
      ? []
      : [
          optional('name', 'preset', 'no row tells', "name of session_config, or php.ini's session.name"),
          optional('lifetime', 'preset', 'no row tells', "php.ini's session.gc_maxlifetime"),
        ],
  };
}
