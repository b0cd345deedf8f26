import { app, DurableEntity } from "perdure";

/** As a function: it is called with every operation. */
app.entity<number>("counter", (context) => {
  const value = context.getState(() => 0);
  switch (context.operation) {
    case "add":
      return context.setState(value + ((context.input as number | undefined) ?? 1));
    case "reset":
      return context.deleteState();
    default:
      throw new Error(`A counter has no operation '${context.operation}'.`);
  }
});

/** As a class: each method is an operation. What it throws, its caller gets; the state stays as it was. */
class Account extends DurableEntity<number> {
  state = 0;

  deposit(cents: number): number {
    this.state += cents;
    return this.state;
  }

  withdraw(cents: number): number {
    if (cents > this.state) throw new RangeError(`There are ${this.state} cents, not ${cents}.`);
    this.state -= cents;
    return this.state;
  }
}

app.entity(Account);

/** A plain class: its fields are the state. */
const transfers = app.entity(
  "transfers",
  class {
    count = 0;

    add(more: number): void {
      this.count += more;
    }
  },
);

interface Transfer {
  readonly from: string;
  readonly to: string;
  readonly cents: number;
}

/** While it runs, nobody else sees or changes the two accounts. */
app.orchestration("transfer", async (ctx, { from, to, cents }: Transfer) => {
  await using _lock = await ctx.lock(ctx.entities.id(Account, from), ctx.entities.id(Account, to));
  const left = await ctx.entities.call(Account, from).withdraw(cents);
  const now = await ctx.entities.call(Account, to).deposit(cents);

  ctx.entities.signal(transfers, "all").add(1); // Not locked: it goes on at once.
  return { [from]: left, [to]: now };
});
