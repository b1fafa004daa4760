/// Iterator helpers (ES2025) for Node 20: jax-js uses them.

type Callback = (value: unknown, index: number) => unknown;

function* map(this: Iterable<unknown>, callback: Callback): Generator<unknown> {
  let index = 0;
  for (const value of this) yield callback(value, index++);
}

function* filter(this: Iterable<unknown>, callback: Callback): Generator<unknown> {
  let index = 0;
  for (const value of this) if (callback(value, index++)) yield value;
}

const helpers: Readonly<Record<string, unknown>> = {
  map,
  filter,
  toArray(this: Iterable<unknown>) {
    return [...this];
  },
  some(this: Iterable<unknown>, callback: Callback) {
    return [...this].some(callback);
  },
  every(this: Iterable<unknown>, callback: Callback) {
    return [...this].every(callback);
  },
  find(this: Iterable<unknown>, callback: Callback) {
    return [...this].find(callback);
  },
  forEach(this: Iterable<unknown>, callback: Callback) {
    [...this].forEach(callback);
  },
  reduce(this: Iterable<unknown>, ...rest: Parameters<unknown[]["reduce"]>) {
    return [...this].reduce(...rest);
  },
};

/** Gives all iterators of this process the helpers that they lack. */
export function polyfillIterators(): void {
  const prototype = Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]())) as object;
  for (const [name, value] of Object.entries(helpers)) {
    if (!(name in prototype)) Object.defineProperty(prototype, name, { value, configurable: true, writable: true });
  }
}
