package perdure.interop;

import static com.microsoft.durabletask.OrchestrationRuntimeStatus.COMPLETED;
import static com.microsoft.durabletask.OrchestrationRuntimeStatus.FAILED;
import static com.microsoft.durabletask.OrchestrationRuntimeStatus.PENDING;
import static com.microsoft.durabletask.OrchestrationRuntimeStatus.RUNNING;
import static com.microsoft.durabletask.OrchestrationRuntimeStatus.SUSPENDED;
import static com.microsoft.durabletask.OrchestrationRuntimeStatus.TERMINATED;
import static perdure.interop.Checks.equal;
import static perdure.interop.Checks.eventually;
import static perdure.interop.Checks.includes;
import static perdure.interop.Checks.parse;
import static perdure.interop.Checks.quote;
import static perdure.interop.Checks.rejects;

import com.fasterxml.jackson.databind.JsonNode;
import com.microsoft.durabletask.FailureDetails;
import com.microsoft.durabletask.NewOrchestrationInstanceOptions;
import com.microsoft.durabletask.OrchestrationMetadata;
import com.microsoft.durabletask.OrchestrationStatusQuery;
import com.microsoft.durabletask.OrchestrationStatusQueryResult;
import com.microsoft.durabletask.PurgeInstanceCriteria;
import io.grpc.Status;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** The scenarios, as the Java client sees them. The names are those of the table in ../README.md. */
final class Scenarios {
  @FunctionalInterface
  interface Body {
    void run(Checks t) throws Exception;
  }

  /** A scenario, and what the worker must have for it, or null. */
  record Scenario(String name, String needs, Body body) {
    Scenario(String name, Body body) {
      this(name, null, body);
    }
  }

  private Scenarios() {}

  static List<Scenario> all() {
    List<Scenario> all = new ArrayList<>(basics());
    all.addAll(events());
    all.addAll(children());
    all.addAll(failures());
    all.addAll(management());
    all.addAll(extras());
    return all;
  }

  private static String hello(String name) {
    return "[\"Hello, N1!\",\"Hello, N2!\",\"Hello, N3!\"]".replace("N", name);
  }

  private static NewOrchestrationInstanceOptions options(String id) {
    return new NewOrchestrationInstanceOptions().setInstanceId(id);
  }

  private static List<Scenario> basics() {
    return List.of(
        new Scenario(
            "sequence",
            t -> {
              OrchestrationMetadata state = t.completes(t.start("sequence", "ünï"), hello("ünï"));
              equal(state.getName(), t.name("sequence"), "name");
              equal(state.readInputAs(String.class), "ünï", "input");
            }),
        new Scenario("fanout", t -> t.completes(t.start("fanout", 20), "{\"sum\":2870,\"count\":20}")),
        new Scenario("timer", t -> t.completes(t.start("timer", 300), "{\"fired\":true,\"early\":false}")),
        new Scenario("timer_now", t -> t.completes(t.start("timer", 0), "{\"fired\":true,\"early\":false}")),
        new Scenario("payloads", Scenarios::payloads),
        new Scenario(
            "custom_status",
            t -> {
              String id = t.start("status");
              eventually(() -> customStatus(t, id), parse("{\"step\":1}"), "custom status");
              t.client.raiseEvent(id, "Next");
              t.completes(id, "\"done\"");
              equal(customStatus(t, id), parse("{\"step\":2,\"note\":\"ünï\"}"), "last custom status");
            }),
        new Scenario(
            "continue_as_new",
            t -> {
              String id = t.start("continue", Map.of("left", 5, "total", 0));
              String input = t.completes(id, "55").getSerializedInput();
              equal(parse(input), parse("{\"left\":0,\"total\":55}"), "input of the last generation");
            }));
  }

  private static void payloads(Checks t) throws Exception {
    String long300k = "0123456789".repeat(30_000);
    List<String> values = new ArrayList<>(List.of("\"\"", "0", "false", "[]", "{}"));
    values.add(quote("𝄞 ✓ \"quoted\"\n"));
    values.add("{\"list\":[1,2.5,null,{\"deep\":\"ß\"}]}");
    values.add(quote(long300k));
    for (String value : values) {
      t.completes(t.start("echo_through", parse(value)), value);
    }
  }

  private static JsonNode customStatus(Checks t, String id) {
    JsonNode status = t.state(id).readCustomStatusAs(JsonNode.class);
    return status == null ? parse("") : status;
  }

  private static List<Scenario> events() {
    return List.of(
        new Scenario(
            "events_after_start",
            t -> {
              String id = t.start("events");
              t.started(id);
              t.client.raiseEvent(id, "Second", Map.of("n", 2));
              t.client.raiseEvent(id, "First", List.of(1));
              t.completes(id, "[[1],{\"n\":2}]");
            }),
        new Scenario(
            "events_before_start",
            t -> {
              String id = t.start("events", options(t.newId()).setStartTime(Instant.now().plusSeconds(1)));
              t.client.raiseEvent(id, "Second", "two");
              t.client.raiseEvent(id, "First", "one");
              t.hasStatus(t.state(id), PENDING);
              t.completes(id, "[\"one\",\"two\"]");
            }),
        new Scenario(
            "event_wins",
            t -> {
              String id = t.start("event_or_timeout", 15_000);
              t.client.raiseEvent(id, "Go", "now");
              t.completes(id, "\"event now\"");
            }),
        new Scenario("timeout_wins", t -> t.completes(t.start("event_or_timeout", 200), "\"timeout\"")));
  }

  private static List<Scenario> children() {
    return List.of(
        new Scenario(
            "sub_orchestrations",
            t -> {
              String id = t.start("parent", 4);
              t.completes(id, "[2,5,10,17]");
              OrchestrationMetadata child = t.state(id + "-child-3");
              equal(child.getName(), t.name("child"), "name of the child");
              equal(child.readOutputAs(Integer.class), 10, "output of the child");
            }),
        new Scenario(
            "cross_language",
            t -> {
              Map<String, Object> relayed = relayed(t.otherName("greet"), "you", t.otherName("sequence"), "x");
              String output = "{\"activity\":\"Hello, you!\",\"orchestrator\":" + hello("x") + "}";
              t.completes(t.start("relay", relayed), output);
            }),
        new Scenario(
            "cross_language_back",
            t -> {
              Map<String, Object> relayed = relayed(t.name("square"), 7, t.name("fail_caught"), "boom");
              String id = t.newId();
              t.client.scheduleNewOrchestrationInstance(t.otherName("relay"), options(id).setInput(relayed));
              t.completes(id, "{\"activity\":49,\"orchestrator\":" + caught(t, "boom") + "}");
            }));
  }

  private static Map<String, Object> relayed(String activity, Object input, String orchestrator, Object childInput) {
    return Map.of(
        "activity", activity, "activityInput", input, "orchestrator", orchestrator, "orchestratorInput", childInput);
  }

  private static String caught(Checks t, String message) {
    String type = t.caughtType() == null ? "null" : quote(t.caughtType());
    return "{\"type\":" + type + ",\"message\":" + quote(message) + "}";
  }

  private static List<Scenario> failures() {
    return List.of(
        new Scenario("retry", t -> t.completes(t.start("retry", flaky(t.newId(), 2, 3)), "3")),
        new Scenario(
            "retry_exhausted",
            t -> {
              String key = t.newId();
              String message = t.fails(t.start("retry", flaky(key, 3, 2))).getErrorMessage();
              includes(message, "attempt 2 of " + key + " fails", "message");
            }),
        new Scenario("retry_child", t -> t.completes(t.start("retry_child", flaky(t.newId(), 2, 3)), "3")),
        new Scenario(
            "failure_details",
            t -> {
              FailureDetails details = t.fails(t.start("throw", "böse"));
              List<String> failure = List.of(details.getErrorType(), details.getErrorMessage());
              equal(failure, List.of(t.errorType(), "böse"), "failure");
            }),
        new Scenario(
            "failure_of_activity",
            t -> includes(t.fails(t.start("fail_through", "böse")).getErrorMessage(), "böse", "message")),
        new Scenario("failure_caught", t -> t.completes(t.start("fail_caught", "böse"), caught(t, "böse"))),
        new Scenario(
            "unknown_instance",
            t -> {
              equal(t.exists(t.newId()), false, "an unknown instance");
              rejects(() -> t.client.raiseEvent(t.newId(), "Go"), Status.Code.NOT_FOUND, "an event");
            }),
        new Scenario(
            "duplicate_id",
            t -> {
              String id = t.start("hold");
              rejects(() -> t.start("hold", options(id)), Status.Code.ALREADY_EXISTS, "a second start");
              t.client.raiseEvent(id, "Release", 1);
              t.completes(id, "1");
              t.start("sequence", options(id).setInput("again"));
              t.completes(id, hello("again"));
            }));
  }

  private static Map<String, Object> flaky(String key, int failures, int attempts) {
    return Map.of("key", key, "failures", failures, "attempts", attempts);
  }

  private static List<Scenario> management() {
    return List.of(
        new Scenario("suspend_resume", Scenarios::suspendResume),
        new Scenario(
            "terminate",
            t -> {
              String id = t.start("hold");
              t.started(id);
              t.client.terminate(id, Map.of("why", "enough"));
              OrchestrationMetadata state = t.ended(id);
              t.hasStatus(state, TERMINATED);
              equal(parse(state.getSerializedOutput()), parse("{\"why\":\"enough\"}"), "output");
            }),
        new Scenario("terminate_alone", Scenarios::terminateAlone),
        new Scenario(
            "purge_by_id",
            t -> {
              String id = t.start("sequence", "p");
              t.ended(id);
              equal(t.client.purgeInstance(id).getDeletedInstanceCount(), 1, "purged");
              equal(t.exists(id), false, "the instance");
              equal(t.client.purgeInstance(id).getDeletedInstanceCount(), 0, "purged again");
              String live = t.start("hold");
              equal(t.client.purgeInstance(live).getDeletedInstanceCount(), 0, "purged alive");
              t.client.terminate(live, null);
            }),
        new Scenario("purge_by_filter", Scenarios::purgeByFilter),
        new Scenario("query_pages", Scenarios::queryPages),
        new Scenario(
            "restart",
            t -> {
              String id = t.start("sequence", "r");
              t.ended(id);
              String copy = t.client.restartInstance(id, true);
              equal(copy.equals(id), false, "the same id");
              t.completes(copy, hello("r"));
              equal(t.client.restartInstance(id, false), id, "id");
              t.completes(id, hello("r"));
            }));
  }

  private static void suspendResume(Checks t) throws Exception {
    String id = t.start("hold");
    t.started(id);
    t.client.suspendInstance(id);
    eventually(() -> t.state(id).getRuntimeStatus(), SUSPENDED, "status");
    t.client.raiseEvent(id, "Release", "freed");
    Thread.sleep(300);
    t.hasStatus(t.state(id), SUSPENDED);
    t.client.resumeInstance(id);
    t.completes(id, "\"freed\"");
  }

  private static void terminateAlone(Checks t) throws Exception {
    String id = t.start("tree", Map.of("depth", 1));
    String child = id + "-sub";
    eventually(() -> t.exists(child) && t.state(child).getRuntimeStatus() == RUNNING, true, "the child runs");
    t.client.terminate(id, null);
    t.hasStatus(t.ended(id), TERMINATED);
    Thread.sleep(200);
    t.hasStatus(t.state(child), RUNNING);
    t.client.terminate(child, null);
    t.hasStatus(t.ended(child), TERMINATED);
  }

  private static void purgeByFilter(Checks t) throws Exception {
    Thread.sleep(20);
    Instant from = Instant.now();
    List<String> completed = List.of(t.start("sequence", "p"), t.start("sequence", "p"));
    String failed = t.start("throw", "p");
    for (String id : List.of(completed.get(0), completed.get(1), failed)) {
      t.ended(id);
    }
    PurgeInstanceCriteria criteria =
        new PurgeInstanceCriteria()
            .setCreatedTimeFrom(from)
            .setCreatedTimeTo(Instant.now().plusMillis(1))
            .setRuntimeStatusList(List.of(COMPLETED))
            .setTimeout(Duration.ofSeconds(15));
    equal(t.client.purgeInstances(criteria).getDeletedInstanceCount(), 2, "purged");
    equal(t.exists(completed.get(0)), false, "the instance");
    t.hasStatus(t.state(failed), FAILED);
  }

  private static void queryPages(Checks t) throws Exception {
    String prefix = t.newId();
    String[] ids = new String[5];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = t.start("sequence", options(prefix + "-" + (i + 1)).setInput("q"));
    }
    for (String id : ids) {
      t.ended(id);
    }
    OrchestrationStatusQuery query =
        new OrchestrationStatusQuery()
            .setInstanceIdPrefix(prefix)
            .setRuntimeStatusList(List.of(COMPLETED))
            .setMaxInstanceCount(2)
            .setFetchInputsAndOutputs(true);
    List<Integer> sizes = new ArrayList<>();
    List<String> found = new ArrayList<>();
    String token;
    do {
      OrchestrationStatusQueryResult page = t.client.queryInstances(query);
      sizes.add(page.getOrchestrationState().size());
      for (OrchestrationMetadata state : page.getOrchestrationState()) {
        found.add(state.getInstanceId());
        equal(state.readInputAs(String.class), "q", "input");
      }
      token = page.getContinuationToken();
      query.setContinuationToken(token);
    } while (token != null && !token.isEmpty());
    found.sort(null);
    equal(sizes, List.of(2, 2, 1), "page sizes");
    equal(found, Arrays.asList(ids), "ids");
    OrchestrationStatusQuery running =
        new OrchestrationStatusQuery().setInstanceIdPrefix(prefix).setRuntimeStatusList(List.of(RUNNING));
    equal(t.client.queryInstances(running).getOrchestrationState().size(), 0, "running");
  }

  private static List<Scenario> extras() {
    return List.of(
        new Scenario(
            "event_name_case",
            "event_name_case",
            t -> {
              String id = t.start("hold");
              t.started(id);
              t.client.raiseEvent(id, "rELEASE", "any case");
              t.completes(id, "\"any case\"");
            }),
        new Scenario(
            "carried_events",
            "carried_events",
            t -> {
              String id = t.start("collect", Map.of("left", 5, "seen", List.of()));
              for (int item = 1; item <= 5; item++) {
                t.client.raiseEvent(id, "Item", item);
              }
              t.completes(id, "[1,2,3,4,5]");
            }),
        new Scenario(
            "send_event",
            "send_event",
            t -> {
              String to = t.start("hold");
              Map<String, Object> given = Map.of("to", to, "name", "Release", "data", Map.of("from", "sender"));
              t.completes(t.start("send", given), "\"sent\"");
              t.completes(to, "{\"from\":\"sender\"}");
            }),
        new Scenario(
            "version",
            "version",
            t -> t.completes(t.start("version", options(t.newId()).setVersion("2.1.0")), "\"2.1.0\"")));
  }
}
