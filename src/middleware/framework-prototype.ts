/**
 * Gives properties to all requests, or answers, of a framework: on the prototype that it has put in front of Node's own, as Express has.
 * Where there is none, or one that has such properties already, the object gets them itself.
 *
 * Express changes the prototype of each request, and V8 makes a hidden class for each object after that. Then each property that a request
 * is given copies the list of all others: a request in Express took twice as long.
 *
 * @param object has it; all that it inherits from belongs to the framework, until Node's prototype comes
 * @param node Node's prototype
 */
export function giveToAll(object: object, node: object, properties: PropertyDescriptorMap): void {
  const prototype = prototypeBelow(node, object);
  const isFree = (there: object) => !Reflect.ownKeys(properties).some((name) => Object.hasOwn(there, name));
  const canHave = prototype !== undefined && Object.isExtensible(prototype) && isFree(prototype);
  Object.defineProperties(canHave ? prototype : object, properties);
}

/** Express has one for each application, and they inherit from the one that is just below Node's. */
function prototypeBelow(node: object, object: object): object | undefined {
  let [below, above] = [object, Object.getPrototypeOf(object) as object | null];
  while (above !== null && above !== node) [below, above] = [above, Object.getPrototypeOf(above) as object | null];
  return above === null || below === object ? undefined : below;
}
