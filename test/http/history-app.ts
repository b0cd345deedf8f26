import { App } from "../../src/sdk/index.ts";

/** Orchestrations that leave every kind of event in their histories. */
export function eventfulApp(): App {
  const app = new App();
  app.activity("double", (n: number) => n * 2);
  app.activity("explode", () => {
    throw new RangeError("boom", { cause: new TypeError("deep") });
  });
  app.activity("hang", () => new Promise(() => undefined));
  let tries = 0;
  app.activity("mend", () => {
    if (++tries === 1) throw new Error("not yet");
    return "mended";
  });
  app.orchestration("child", (_context, input: unknown) => input);
  app.orchestration("brokenChild", () => {
    throw new Error("bad child");
  });
  app.orchestration("never", function* (context) {
    yield context.waitForExternalEvent("never");
  });
  app.orchestration("everything", function* (context) {
    yield context.callActivity("double", 21);
    const mayFail = [
      () => context.callActivity("explode", { tray: 2 }),
      () => context.callSubOrchestrator("brokenChild"),
    ];
    yield context.callSubOrchestrator("child", "kid", { instanceId: "kid" });
    for (const call of mayFail) {
      try {
        yield call();
      } catch (error) {
        context.setCustomStatus(error instanceof Error ? error.message : "no error");
      }
    }
    yield context.createTimer({ afterMs: 1 });
    context.sendEvent("receiver", "hello", { a: 1 });
    yield context.waitForExternalEvent("go");
    const open = [
      context.callActivity("hang", 1),
      context.callSubOrchestrator("never", "x", { instanceId: "hanging-kid", version: "2" }),
    ];
    yield context.df.Task.all(open);
  });
  app.orchestration("retries", function* (context) {
    const retry = { firstRetryIntervalInMilliseconds: 1, maxNumberOfAttempts: 2 };
    return (yield context.callActivityWithRetry("mend", retry, "in")) as string;
  });
  app.orchestration("again", function* (context, n: number) {
    yield context.callActivity("double", n);
    if (n < 2) context.continueAsNew(n + 1);
    return { n };
  });
  return app;
}
