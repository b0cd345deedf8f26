package perdure.interop;

import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import java.util.logging.Level;
import java.util.logging.Logger;

/** Perdure driven by the published Java SDK of Durable Task, as a worker and as a client. */
public final class Interop {
  private static final Logger ROOT = Logger.getLogger("");

  private Interop() {}

  public static void main(String[] arguments) throws Exception {
    ROOT.setLevel(Level.SEVERE);
    String mode = arguments.length == 0 ? "" : arguments[0];
    String prefix = arguments.length > 1 ? arguments[1] : "java";
    String other = arguments.length > 2 ? arguments[2] : prefix;
    String port = System.getenv().getOrDefault("PERDURE_GRPC_PORT", "4001");
    ManagedChannel channel =
        ManagedChannelBuilder.forAddress("127.0.0.1", Integer.parseInt(port)).usePlaintext().build();
    switch (mode) {
      case "worker" -> Worker.run(channel);
      case "client" -> System.exit(Client.run(channel, prefix, other));
      default -> {
        System.err.println("usage: Interop worker | client [prefix] [other prefix]");
        System.exit(2);
      }
    }
  }
}
