/** What a promise is settled with, by whoever has it. */
export interface Settling<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (error: Error) => void;
}

export function settling<T>(): Settling<T> & { readonly promise: Promise<T> } {
  let settle: Settling<T> | undefined;
  const promise = new Promise<T>((resolve, reject) => {
    settle = { resolve, reject };
  });
  return { promise, ...(settle as unknown as Settling<T>) };
}
