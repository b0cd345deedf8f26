import { app } from "perdure";

const sayHello = app.activity("sayHello", (city: string) => `Hello, ${city}!`);

// A chain of steps. Each result is on disk before the next step begins, so a crash repeats nothing that was done.
app.orchestration("helloCities", async (ctx) => {
  const tokyo = await ctx.callActivity(sayHello, "Tokyo");
  const seattle = await ctx.callActivity(sayHello, "Seattle");
  const london = await ctx.callActivity(sayHello, "London");
  return [tokyo, seattle, london];
});

// The same in the spelling of durable-functions.
app.orchestration("helloSequence", function* (context) {
  const greetings: string[] = [];
  greetings.push(yield context.df.callActivity("sayHello", "Tokyo"));
  greetings.push(yield context.df.callActivity("sayHello", "Seattle"));
  greetings.push(yield context.df.callActivity("sayHello", "London"));
  return greetings;
});

// With an input: the cities to greet, all at once.
app.orchestration("helloEach", async (ctx, cities: string[]) =>
  ctx.all(cities.map((city) => ctx.callActivity(sayHello, city))),
);

// With a pause: time enough to stop the host, or to kill it, and to see that it goes on at the next start.
app.orchestration("helloSlowly", async (ctx, secondsBetween: number | undefined) => {
  const greetings: string[] = [];
  for (const city of ["Tokyo", "Seattle", "London"]) {
    greetings.push(await ctx.callActivity(sayHello, city));
    ctx.setCustomStatus(`${greetings.length} of 3`);
    await ctx.createTimer({ afterMs: (secondsBetween ?? 5) * 1000 });
  }
  return greetings;
});
