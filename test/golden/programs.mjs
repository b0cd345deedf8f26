// Orchestrators whose recorded histories are kept. A history that was recorded once must replay for ever, so these may
// gain functions and never change one.

export function register(app) {
  app.activity("double", (value) => value * 2);
  app.activity("failOnce", failing(1));
  app.activity("failAlways", () => {
    throw new TypeError("it never works");
  });

  app.orchestration("sequence", function* (context, start) {
    let value = start;
    for (let step = 0; step < 3; step++) value = yield context.df.callActivity("double", value);
    return value;
  });

  app.orchestration("fanOut", async (context, values) => {
    const doubled = await context.all(values.map((value) => context.callActivity("double", value)));
    return doubled.reduce((sum, value) => sum + value, 0);
  });

  app.orchestration("retried", function* (context) {
    const options = { firstRetryIntervalInMilliseconds: 1, maxNumberOfAttempts: 3 };
    return yield context.df.callActivityWithRetry("failOnce", options, "input");
  });

  app.orchestration("caught", function* (context) {
    try {
      yield context.df.callActivity("failAlways");
    } catch (error) {
      return error.message;
    }
  });

  app.orchestration("approval", function* (context) {
    context.df.setCustomStatus("waiting");
    const event = yield context.waitForExternalEvent("approval", { timeoutMs: 60_000 });
    const late = yield context.waitForExternalEvent("never", { timeoutMs: 1, defaultValue: "nobody came" });
    return { event, late };
  });

  app.orchestration("family", function* (context) {
    const child = yield context.df.callSubOrchestrator("sequence", 1, `${context.df.instanceId}-child`);
    context.sendEvent("nobody", "hello", 1);
    return { child, guid: context.df.newGuid() };
  });

  app.orchestration("eternal", function* (context, round) {
    yield context.createTimer({ afterMs: 1 });
    if (round < 3) context.continueAsNew(round + 1);
    else return round;
  });

  app.orchestration("suspended", function* (context) {
    return yield context.df.waitForExternalEvent("go");
  });

  app.entity("account", (context) => {
    const balance = context.getState(() => 10);
    if (context.operation === "fail") throw new RangeError("not enough");
    if (context.operation === "add") context.setState(balance + context.input);
    return balance;
  });

  app.orchestration("entities", function* (context) {
    const [a, b] = ["a", "b"].map((key) => ({ name: "Account", key }));
    const lock = yield context.df.lock(b, a);
    const balance = yield context.df.callEntity(a, "add", 5);
    lock.release();
    context.df.signalEntity(b, "add", -balance);
    context.signalEntity(b, "add", 1, { scheduledTime: new Date(context.currentUtcDateTime.getTime() + 50) });
    try {
      yield context.df.callEntity(b, "fail");
    } catch (error) {
      return { balance, message: error.message, isLocked: context.df.isLocked().isLocked };
    }
  });

  app.orchestration("patched", {
    version: "1.0",
    handler: function* (context) {
      const first = yield context.df.callActivity("double", 1);
      const added = context.df.patched("add") ? yield context.df.callActivity("double", first) : undefined;
      return { first, added, version: context.df.version };
    },
  });
}

function failing(times) {
  let failures = 0;
  return () => {
    if (failures++ < times) throw new RangeError("not yet");
    return "it worked";
  };
}
