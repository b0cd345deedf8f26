/**
 * Set-up of the core project. The core may not look at the clock or throw dice: a replay has to come out like the
 * first run. The compiler keeps Node.js away from it; what belongs to the language itself is locked here.
 */
function refuse(what: string): never {
  throw new Error(`${what} is locked in the core: take the value from the history or from an argument.`);
}

Math.random = () => refuse("Math.random()");

globalThis.Date = new Proxy(Date, {
  apply: () => refuse("Date()"),
  construct(date, args: unknown[], newTarget) {
    return args.length === 0 ? refuse("new Date()") : Reflect.construct(date, args, newTarget);
  },
  get(date, key, receiver) {
    return key === "now" ? () => refuse("Date.now()") : Reflect.get(date, key, receiver);
  },
});
