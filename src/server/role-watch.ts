import type { Logger } from "../engine/logger.ts";
import type { TaskHub } from "../sdk/index.ts";

const LOOK_EVERY_MS = 500;

/** Says in the log when this process begins or ceases to run the hub's instances. The answer ends the watch. */
export function watchRole(hub: TaskHub, logger: Logger): () => void {
  let last = hub.role;
  if (last === "standby") {
    logger.info(
      { taskHub: hub.name },
      "Another process runs this task hub. This one stands by, and takes over when that one ends.",
    );
  }
  const timer = setInterval(() => {
    const { role } = hub;
    if (role === last) return;
    last = role;
    if (role === "owner" || role === "part-owner") {
      logger.info({ taskHub: hub.name, role }, "This process runs the task hub now.");
    } else if (role === "standby") {
      logger.warn({ taskHub: hub.name }, "Another process has taken the task hub over. This one stands by.");
    }
  }, LOOK_EVERY_MS);
  timer.unref();
  return () => clearInterval(timer);
}
