/** The presets of `php-session-bridge/presets`, by name. */
export type PresetName =
  | 'adodb'
  | 'cakephp'
  | 'codeIgniter'
  | 'drupal'
  | 'horde'
  | 'joomla'
  | 'laminas'
  | 'laravel'
  | 'magento'
  | 'matomo'
  | 'mediaWiki'
  | 'moodle'
  | 'openCart'
  | 'roundcube'
  | 'symfony'
  | 'typo3'
  | 'yii';

export type OptionValue = string | number | boolean;
export type OptionValues = Readonly<Record<string, OptionValue>>;

/** What is in the rows, once it is unpacked: `session.serialize_handler` of php.ini, or JSON. */
export type RecognizedFormat = 'php' | 'php_binary' | 'php_serialize' | 'igbinary' | 'msgpack' | 'json';

/** An option that the database does not show. */
export interface Unknown {
  /** As it is called, such as `'key'`. */
  readonly option: string;
  /** What takes it: the preset, `mysqlStore()` or `phpSession()`. */
  readonly of: 'preset' | 'store' | 'session';
  /** Why it cannot be seen. */
  readonly why: string;
  /** Where PHP's side has it. */
  readonly where: string;
  /** Whether nothing works without it. The others have defaults, which may be the right ones. */
  readonly needed: boolean;
  /** The variable of the environment from which `code` takes an option that is needed. */
  readonly env?: string;
  /** What the rows hint at, and do not prove. */
  readonly likely?: OptionValue;
  /** Whether it is a number there. */
  readonly isNumber?: true;
}

/** A table with PHP sessions. It has no id, no key and no value of a session. */
export interface Recognition {
  /** As the option `table` takes it. */
  readonly table: string;
  /** Such as `'Laravel'`. */
  readonly application: string;
  /** Its versions, as far as the table and its rows tell: `'4.4 and later'`. */
  readonly versions?: string;
  /** `likely`: another application could have the same table, and no row says more. */
  readonly certainty: 'sure' | 'likely';
  /** The preset for it. None: no preset is for this application or this version, or the sessions are elsewhere. */
  readonly preset?: PresetName;
  /** Options of the preset. */
  readonly options: OptionValues;
  /** Options of `mysqlStore()`, after the preset's half. */
  readonly store: Readonly<Record<string, OptionValue | OptionValues>>;
  /** Options of `phpSession()`, after the preset's half. */
  readonly session: OptionValues;
  /** What php.ini says, where it is not the default: before the preset's halves, as an application decides over php.ini. */
  readonly phpIni: { readonly store: OptionValues; readonly session: OptionValues };
  /** How sessions are packed in the rows, such as `'base64'`. None: they are stored as they are, or no row was seen. */
  readonly encoding?: string;
  /** None: no row was seen, or they are encrypted. */
  readonly format?: RecognizedFormat;
  /** The column of the time, and what it means. */
  readonly time?: { readonly column: string; readonly meaning: 'lastUsed' | 'expiresAt' };
  /** How many rows were looked at, and how many of them have a session that was understood. */
  readonly rows: { readonly seen: number; readonly understood: number };
  /** The number of the server's error, if rows could not be read; `todo` has it in words. The columns alone were looked at. */
  readonly unreadable?: number;
  /** What was seen, in words. */
  readonly sure: readonly string[];
  readonly unknown: readonly Unknown[];
  /** What is to be done before Node can share the table. */
  readonly todo: readonly string[];
  /** JavaScript to paste. Empty where Node cannot share the sessions, and for a view: `todo` says why. */
  readonly code: string;
}
