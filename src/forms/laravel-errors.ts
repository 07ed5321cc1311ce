import { isPhpObject, PhpObject } from '../codec/index.ts';
import { isObject } from '../codec/values.ts';
import { laravelClasses } from '../presets/laravel-classes.ts';
import { type Container, elementOf, elements, isArray, setElement } from './arrays.ts';

/** By the names of fields. */
export type Messages = Record<string, string[]>;

const [VIEW_ERROR_BAG, MESSAGE_BAG] = laravelClasses as [string, string];

/** @param errors the session's variable of this name: a `ViewErrorBag`, or what Laravel makes of it in JSON */
export function readErrors(errors: unknown): Record<string, Messages> {
  const all: Record<string, Messages> = Object.create(null);
  for (const [name, bag] of Object.entries(bagsOf(errors))) {
    const messages = isPhpObject(bag) ? bag.get('messages') : isArray(bag) ? elementOf(bag, 'messages') : undefined;
    if (!isArray(messages)) continue;
    const fields: Messages = Object.create(null);
    for (const [field, texts] of Object.entries(messages)) {
      fields[field] = elements(texts).filter((text) => typeof text === 'string');
    }
    all[name] = fields;
  }
  return all;
}

/**
 * What `errors` becomes with one more bag (`RedirectResponse::withErrors()`): other bags stay, one of the same name goes.
 *
 * @param before what `errors` is
 * @throws TypeError for what is no text
 */
export function withBag(before: unknown, name: string, messages: unknown, serialization: 'php' | 'json'): unknown {
  const fields = fieldsOf(messages);
  const bags: Container = Object.create(null);
  for (const [key, bag] of Object.entries(bagsOf(before))) setElement(bags, key, bag);
  if (serialization === 'json') {
    setElement(bags, name, { format: ':message', messages: fields }); // Store::prepareErrorBagForSerialization()
    return bags;
  }
  const bag = new PhpObject(MESSAGE_BAG, [
    ['\0*\0messages', fields],
    ['\0*\0format', ':message'],
  ]);
  setElement(bags, name, bag);
  return isErrorBag(before) ? before.set('bags', bags) : new PhpObject(VIEW_ERROR_BAG, [['\0*\0bags', bags]]);
}

function isErrorBag(errors: unknown): errors is PhpObject {
  return isObject(errors) && isPhpObject(errors) && errors.className.toLowerCase() === VIEW_ERROR_BAG.toLowerCase();
}

function bagsOf(errors: unknown): Container {
  const bags = isErrorBag(errors) ? errors.get('bags') : errors;
  return isArray(bags) ? bags : {};
}

/** As the constructor of `MessageBag`: lists of texts, each text once. */
function fieldsOf(messages: unknown): Messages {
  if (!isArray(messages)) throw new TypeError('errors must be an object: field names, and the messages of each');
  const fields: Messages = Object.create(null);
  for (const [field, given] of Object.entries(messages)) {
    const texts = typeof given === 'string' ? [given] : given;
    if (!Array.isArray(texts) || !texts.every((text) => typeof text === 'string')) {
      throw new TypeError('errors: the messages of a field must be a text or a list of texts');
    }
    fields[field] = [...new Set(texts)];
  }
  return fields;
}
