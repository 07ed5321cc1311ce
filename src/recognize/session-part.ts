import { formOf } from './ids.ts';
import { otherFormat, type PhpIni, phpIniPart, USUAL } from './php-ini-part.ts';
import type { OptionValues, Recognition, Unknown } from './recognition.ts';
import { type Answer, optional, type Seen, type Signature } from './signature.ts';

interface SessionPart {
  readonly session: OptionValues;
  readonly phpIni: Recognition['phpIni'];
  readonly sure: readonly string[];
  readonly unknown: readonly Unknown[];
  readonly todo: readonly string[];
}

/** Options of `phpSession()`. What rows show wins over php.ini: PHP has written them. */
export function sessionPart(signature: Signature, seen: Seen, answer: Answer, ini: PhpIni): SessionPart {
  const { rows, format } = seen;
  const { hasRawIds, setsFormat } = signature;
  const form = hasRawIds && rows.length > 0 ? formOf(rows.map(({ key }) => key)) : undefined;
  const shownFormat: OptionValues = format === undefined || setsFormat ? {} : { serializeHandler: format };
  const { store, session: fromIni } = phpIniPart(ini);
  const session = {
    ...otherThan(fromIni, { ...form }),
    ...answer.session,
    ...otherThan(fromIni, shownFormat),
  };
  return {
    session,
    phpIni: { store, session: without(fromIni, Object.keys(session)) },
    sure: form === undefined ? [] : [`ids have ${form.sidLength} characters`],
    unknown: [
      ...(signature.cookie !== undefined && ini.said === undefined
        ? [optional('name', 'session', 'the name of the cookie is in no row', signature.cookie)]
        : []),
      ...(hasRawIds && form === undefined && ini.said === undefined
        ? [
            optional(
              'sidLength',
              'session',
              'ids do not tell',
              'session.sid_length and sid_bits_per_character of php.ini',
            ),
          ]
        : []),
      ...(format === undefined && !setsFormat ? unknownFormat(ini) : []),
    ],
    todo: [...ini.todo, ...disagreements({ ...form, ...shownFormat }, ini)],
  };
}

/** All of what is shown, if one of it is neither what php.ini says nor a default. */
function otherThan(fromIni: OptionValues, shown: OptionValues): OptionValues {
  return Object.entries(shown).some(([name, value]) => value !== (fromIni[name] ?? USUAL[name])) ? shown : {};
}

function without(values: OptionValues, names: readonly string[]): OptionValues {
  return Object.fromEntries(Object.entries(values).filter(([name]) => !names.includes(name)));
}

function unknownFormat({ said, hasOtherFormat }: PhpIni): Unknown[] {
  if (hasOtherFormat) return [otherFormat];
  return said === undefined
    ? [optional('serializeHandler', 'session', 'no row tells', "php.ini's session.serialize_handler")]
    : [];
}

const SETTINGS: Readonly<Record<string, string>> = {
  serializeHandler: 'session.serialize_handler',
  sidLength: 'session.sid_length',
  sidBitsPerCharacter: 'session.sid_bits_per_character',
};

function disagreements(shown: OptionValues, { said = {}, hasOtherFormat }: PhpIni): string[] {
  const hasPhpsFormat = hasOtherFormat && /^(php|json)/.test(String(shown.serializeHandler));
  return Object.entries(shown).flatMap(([name, value]) => {
    const isOther = name === 'serializeHandler' && hasPhpsFormat;
    if (!isOther && (said[name] === undefined || said[name] === value)) return [];
    const ofPhp = isOther ? 'another format' : said[name];
    return [
      `php.ini's ${SETTINGS[name]} is ${ofPhp}, and the rows have ${value}, which counts here. ` +
        'Look whether this php.ini is the one of the site, and whether the application sets it itself',
    ];
  });
}
