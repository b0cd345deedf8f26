// trial.ts
import { App } from "../../../src/sdk/index.ts";

const WEEK = 7 * 24 * 3_600_000;

export const app = new App();

export const subscribed = app.event<{ plan: string }>("subscribed");

export const remind = app.activity("remind", async (user: string): Promise<void> => {
  await fetch("https://mail.example.org/send", { method: "POST", body: user });
});

export const charge = app.activity("charge", async (order: { user: string; plan: string }) => {
  const response = await fetch("https://pay.example.org/", { method: "POST", body: JSON.stringify(order) });
  return response.text();
});

/** Four weeks to try it out, with a reminder after each. */
export const trial = app.orchestration("trial", async (ctx, user: string) => {
  for (let week = 1; week <= 4; week++) {
    const nothing = { timeoutMs: WEEK, defaultValue: { plan: "" } };
    const { plan } = await ctx.waitForExternalEvent(subscribed, nothing);
    const retry = { maxNumberOfAttempts: 3, firstRetryIntervalInMilliseconds: 60_000 };
    if (plan !== "") return ctx.callActivityWithRetry(charge, retry, { user, plan });
    await ctx.callActivity(remind, user);
  }
  return "expired";
});
