/** What activities and entities log with: it goes where `console` goes. */
export class FunctionLog {
  log(...values: unknown[]): void {
    console.log(...values);
  }

  info(...values: unknown[]): void {
    console.info(...values);
  }

  debug(...values: unknown[]): void {
    console.debug(...values);
  }

  trace(...values: unknown[]): void {
    console.debug(...values);
  }

  warn(...values: unknown[]): void {
    console.warn(...values);
  }

  error(...values: unknown[]): void {
    console.error(...values);
  }
}
