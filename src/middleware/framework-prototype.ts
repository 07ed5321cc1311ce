/**
 * Where properties for all requests, or answers, of a framework belong: the prototype that it has put in front of Node's own, as Express has.
 * It is the object itself where there is none, or where that prototype has such properties already.
 *
 * Express changes the prototype of each request. After that, up to Node 22, V8 makes a hidden class for each object, so each property that a
 * request is given copies the list of all others.
 *
 * @param object all that it inherits from belongs to the framework, until Node's prototype comes
 * @param node Node's prototype
 */
export function homeOf(properties: PropertyDescriptorMap, object: object, node: object): object {
  const prototype = prototypeBelow(node, object);
  if (prototype === undefined || !Object.isExtensible(prototype)) return object;
  return Reflect.ownKeys(properties).some((name) => Object.hasOwn(prototype, name)) ? object : prototype;
}

/** Express has one for each application, and they inherit from the one that is just below Node's. */
function prototypeBelow(node: object, object: object): object | undefined {
  let [below, above] = [object, Object.getPrototypeOf(object) as object | null];
  while (above !== null && above !== node) [below, above] = [above, Object.getPrototypeOf(above) as object | null];
  return above === null || below === object ? undefined : below;
}

/** Gives an object a property of its own, as an assignment does where nothing that it inherits stands in the way. */
export function own(object: object, name: string, value: unknown): void {
  Object.defineProperty(object, name, { configurable: true, enumerable: true, writable: true, value });
}
