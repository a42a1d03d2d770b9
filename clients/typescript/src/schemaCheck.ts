// Check a value against the published schema, and write it as JSON has it. This reads the part of JSON Schema that
// docs/schemas use; tests compare it with the Python client, which is compared with a complete validator.

import { InvalidEmailError } from './errors.js';

export interface Schema {
  $ref?: string;
  anyOf?: Schema[];
  type?: string;
  enum?: string[];
  format?: string;
  pattern?: string;
  minLength?: number;
  maxLength?: number;
  maxItems?: number;
  maxProperties?: number;
  items?: Schema;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: boolean | Schema;
  allOf?: { if: { properties: { status: { const: string } } }; then: { required: string[] } }[];
  'x-use-instead'?: Record<string, string>;
  [annotation: string]: unknown;
}

export interface Document extends Schema {
  $ref: string;
  $defs: Record<string, Schema>;
}

type Fields = Record<string, unknown>;

const MAX_DEPTH = 200;
// At the end of every pattern, for languages where a lone `$` lets a trailing line break through.
const NO_LINE_BREAK = '(?!\\n)';
const WORDS: Record<string, string> = {
  string: 'a text',
  object: 'an object',
  array: 'a list',
  boolean: 'true or false',
  null: 'null',
};

export class SchemaCheck {
  readonly main: Schema;

  constructor(private readonly document: Document) {
    this.main = this.resolved(document);
  }

  /** Return a structure's fields without those that are null or undefined. Throws InvalidEmailError. */
  fields(given: object, schema: Schema, prefix = ''): Fields {
    const known = schema.properties ?? {};
    const values = given as Fields;
    for (const name of Object.keys(values)) {
      if (!Object.hasOwn(known, name)) throw unknownField(name, schema, prefix);
    }
    for (const name of schema.required ?? []) {
      if (values[name] == null) throw new InvalidEmailError(prefix + name, 'nothing', 'it is required');
    }
    const found: Fields = {};
    for (const [name, rule] of Object.entries(known)) {
      if (values[name] != null) found[name] = this.encode(values[name], rule, prefix + name);
    }
    return found;
  }

  /** Return a value as the contract has it. Throws InvalidEmailError. */
  encode(value: unknown, given: Schema, field: string): unknown {
    let schema = this.resolved(given);
    if (schema.anyOf) schema = this.choice(value, schema.anyOf, field);
    if (schema.enum) {
      if (schema.enum.includes(value as string)) return value;
      throw new InvalidEmailError(field, describe(value), schema.enum.join(', '));
    }
    const text = value instanceof Date && schema.format === 'date-time' ? time(value, field) : value;
    const expected = schema.type ?? '';
    if (jsonType(text) !== expected) {
      throw new InvalidEmailError(field, describe(text), WORDS[expected] ?? expected);
    }
    if (typeof text === 'string') return checkedText(text, schema, field);
    if (Array.isArray(text)) {
      atMost(text.length, schema.maxItems, field, 'entries');
      return text.map((item, index) => this.encode(item, schema.items ?? {}, `${field}[${index}]`));
    }
    return expected === 'object' ? this.object(text as Fields, schema, field) : text;
  }

  private object(value: Fields, schema: Schema, field: string): Fields {
    if (schema.properties) return this.fields(value, schema, `${field}.`);
    const rule = schema.additionalProperties;
    if (typeof rule !== 'object') return jsonValue(value, field) as Fields;
    atMost(Object.keys(value).length, schema.maxProperties, field, 'entries');
    return mapped(value, field, (item, name) => this.encode(item, rule, name));
  }

  private choice(value: unknown, choices: Schema[], field: string): Schema {
    const found = value instanceof Date ? 'string' : jsonType(value);
    const resolved = choices.map((choice) => this.resolved(choice));
    const fitting = resolved.find((choice) => (choice.type ?? 'string') === found);
    if (fitting) return fitting;
    const words = resolved.map((choice) => WORDS[choice.type ?? 'string']);
    throw new InvalidEmailError(field, describe(value), words.join(' or '));
  }

  private resolved(schema: Schema): Schema {
    if (!schema.$ref) return schema;
    const found = this.document.$defs[schema.$ref.slice(schema.$ref.lastIndexOf('/') + 1)];
    if (!found) throw new Error(`The schema has no ${schema.$ref}.`);
    return found;
  }
}

/** Return the type that a value has in JSON; of anything else the name of its class. */
export function jsonType(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  if (typeof value !== 'object') return typeof value;
  // JSON would write a Map as {}, and a Date as a text.
  const isPlain = Object.prototype.toString.call(value) === '[object Object]' && !('toJSON' in (value as object));
  return isPlain ? 'object' : ((value as object).constructor?.name ?? 'object of no class');
}

/** Describe a value without its content: it may be an address or a name. */
export function describe(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'string') return `a text of ${[...value].length} characters`;
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (jsonType(value) === 'object') return `an object of ${Object.keys(value as object).length}`;
  return typeof value === 'object' && value !== null ? jsonType(value) : String(value);
}

/** Return a value that JSON can write, such as template data. Throws InvalidEmailError where there is none. */
export function jsonValue(value: unknown, field: string, depth = 1): unknown {
  if (depth > MAX_DEPTH) throw new InvalidEmailError(field, `more than ${MAX_DEPTH} levels`, `${MAX_DEPTH} levels`);
  if (Array.isArray(value)) return value.map((item, index) => jsonValue(item, `${field}[${index}]`, depth + 1));
  if (typeof value === 'string') return unicode(value, field);
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new InvalidEmailError(field, String(value), 'a finite number');
  }
  const type = jsonType(value);
  if (type === 'object') return mapped(value as Fields, field, (item, name) => jsonValue(item, name, depth + 1));
  if (['null', 'boolean', 'integer', 'number'].includes(type)) return value;
  const allowed = 'what JSON can write: a text, number, list, object, true, false or null';
  throw new InvalidEmailError(field, type, allowed);
}

function mapped(value: Fields, field: string, encode: (item: unknown, field: string) => unknown): Fields {
  // As JSON.stringify does, what is undefined is absent.
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  return Object.fromEntries(entries.map(([name, item]) => [unicode(name, field), encode(item, `${field}.${shown(name)}`)]));
}

/** Return a name where it looks like one, else its length: it may be an address. */
function shown(name: string): string {
  return /^[A-Za-z][A-Za-z0-9_-]{0,39}$/.test(name) ? name : `(a name of ${[...name].length} characters)`;
}

function unknownField(name: string, schema: Schema, prefix: string): InvalidEmailError {
  const plain = (text: string) => text.replaceAll(/[^A-Za-z0-9]/g, '').toLowerCase();
  const known = Object.keys(schema.properties ?? {});
  const advice = schema['x-use-instead']?.[plain(name)];
  if (advice) return new InvalidEmailError(prefix + shown(name), 'a name of other mail APIs', advice);
  const close = known.find((each) => plain(each) === plain(name));
  const allowed = close ? `${prefix}${close} (did you mean it?)` : known.join(', ');
  return new InvalidEmailError(prefix + shown(name), 'an unknown field', allowed);
}

function checkedText(value: string, schema: Schema, field: string): string {
  unicode(value, field);
  const length = [...value].length;
  if (length < (schema.minLength ?? 0)) {
    throw new InvalidEmailError(field, describe(value), `at least ${schema.minLength} characters`);
  }
  atMost(length, schema.maxLength, field, 'characters');
  if (schema.pattern !== undefined && !new RegExp(schema.pattern, 'u').test(value)) {
    const pattern = schema.pattern.replace(NO_LINE_BREAK, '');
    throw new InvalidEmailError(field, describe(value), `what matches ${pattern}`);
  }
  return value;
}

function unicode(value: string, field: string): string {
  if (/\p{Surrogate}/u.test(value)) throw new InvalidEmailError(field, 'half a surrogate pair', 'Unicode text');
  return value;
}

function time(value: Date, field: string): string {
  if (Number.isNaN(value.getTime())) throw new InvalidEmailError(field, 'an invalid Date', 'a time');
  return value.toISOString();
}

function atMost(count: number, limit: number | undefined, field: string, unit: string): void {
  if (limit !== undefined && count > limit) throw new InvalidEmailError(field, `${count} ${unit}`, `at most ${limit}`);
}
