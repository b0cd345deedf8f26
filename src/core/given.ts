type Given<T> = { readonly [K in keyof T]?: Exclude<T[K], undefined> };

/** The same object without the properties that are undefined. */
export function given<T extends object>(values: T): Given<T> {
  const present: { [K in keyof T]?: Exclude<T[K], undefined> } = {};
  for (const key in values) {
    if (values[key] !== undefined) present[key] = values[key] as Exclude<T[typeof key], undefined>;
  }
  return present;
}
