package perdure.interop;

/** What the functions of the contract fail with. */
final class InteropError extends RuntimeException {
  private static final long serialVersionUID = 1L;

  InteropError(String message) {
    super(message);
  }
}
