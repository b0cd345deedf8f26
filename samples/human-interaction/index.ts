import { app } from "perdure";

interface Expense {
  readonly who: string;
  readonly amount: number;
  /** How long an answer may take. Default: three days. */
  readonly answerWithinSeconds?: number;
}

interface Answer {
  readonly approved: boolean;
  readonly by: string;
}

const DAYS = 24 * 3_600;

/** Who raises the event and who waits for it agree on what it carries. */
const answered = app.event<Answer>("answered");

const askForApproval = app.activity("askForApproval", async (expense: Expense) => {
  console.log(`Please approve ${expense.amount} for ${expense.who}.`); // In real life: send a mail.
});

const pay = app.activity("pay", async (expense: Expense) => `Paid ${expense.amount} to ${expense.who}.`);

const escalate = app.activity("escalate", async (expense: Expense) => `Asked the boss about ${expense.who}.`);

app.orchestration("approveExpense", async (ctx, expense: Expense) => {
  await ctx.callActivity(askForApproval, expense);

  const answer = ctx.waitForExternalEvent(answered);
  const timeIsUp = ctx.createTimer({ afterMs: (expense.answerWithinSeconds ?? 3 * DAYS) * 1000 });
  await ctx.any([answer, timeIsUp]);

  if (!answer.isCompleted) return ctx.callActivity(escalate, expense);
  timeIsUp.cancel(); // Or the orchestration would stay open until the timer is due.
  const { approved, by } = await answer;
  return approved ? ctx.callActivity(pay, expense) : `Refused by ${by}.`;
});

// Raises the event from another orchestration. From code it is client.raiseEvent(instanceId, answered, {...}).
app.orchestration("answerExpense", async (ctx, input: Answer & { readonly instanceId: string }) => {
  ctx.sendEvent(input.instanceId, answered, { approved: input.approved, by: input.by });
});
