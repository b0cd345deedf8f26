import { App } from "../../src/sdk/index.ts";

/** Functions that run in the process of the server. */
export function programs(): App {
  const app = new App();
  app.orchestration("echo", (_context, input) => input);
  app.orchestration("waits", function* (context) {
    return yield context.waitForExternalEvent("go");
  });
  app.orchestration("throws", () => {
    throw new RangeError("no such luck");
  });
  app.orchestration("parent", function* (context, childId: string) {
    return yield context.callSubOrchestrator("waits", undefined, { instanceId: childId });
  });
  app.orchestration("shows", function* (context, status) {
    context.setCustomStatus(status);
    return yield context.waitForExternalEvent("go");
  });
  app.activity("double", (number: number) => number * 2);
  app.orchestration("sequence", function* (context) {
    const four: number = yield context.callActivity("double", 2);
    yield context.createTimer(new Date(0));
    return yield context.callSubOrchestrator("echo", four);
  });
  app.entity<number>("counter", (context) => {
    const value = context.getState(() => 0);
    if (context.operation === "delete") context.deleteState();
    else context.setState(value + (context.input as number));
  });
  return app;
}
