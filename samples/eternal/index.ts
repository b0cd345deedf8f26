import { app } from "perdure";

interface Round {
  readonly everySeconds?: number;
  readonly round?: number;
  /** Ends after so many rounds. Default: never. */
  readonly rounds?: number;
}

const cleanUp = app.activity("cleanUp", async (round: number) => {
  console.log(`Cleaning up, round ${round}.`);
  return new Date().toISOString();
});

// It never ends, and its history never grows: every round is a new execution of the same instance.
app.orchestration("periodicCleanUp", async (ctx, input: Round | undefined) => {
  const { everySeconds = 60, round = 1, rounds } = input ?? {};
  const cleanedAt = await ctx.callActivity(cleanUp, round);
  ctx.setCustomStatus({ round, cleanedAt });
  if (round === rounds) return `${round} rounds`;

  await ctx.createTimer({ afterMs: everySeconds * 1000 });
  ctx.continueAsNew({ ...input, round: round + 1 });
});
