import type { MessageInitShape } from "@bufbuild/protobuf";
import { type FailureDetails, withinLimits } from "../core/failure-details.ts";
import { given } from "../core/given.ts";
import type { TaskFailureDetails, TaskFailureDetailsSchema } from "./generated/orchestrator_service_pb.ts";
import { decodeFields, encodeFields } from "./value-codec.ts";

/** How many causes are kept below a failure. Together with the depth of its properties it stays readable for every SDK. */
const MAX_CAUSES = 32;

export function encodeFailure(
  failure: FailureDetails,
  depth = 0,
): MessageInitShape<typeof TaskFailureDetailsSchema> {
  const { innerFailure, properties } = failure;
  return {
    errorType: failure.errorType,
    errorMessage: failure.errorMessage,
    stackTrace: failure.stackTrace,
    innerFailure: innerFailure && depth < MAX_CAUSES ? encodeFailure(innerFailure, depth + 1) : undefined,
    isNonRetriable: failure.isNonRetriable ?? false,
    ...(properties ? { properties: encodeFields(properties) } : {}),
  };
}

/** Its texts have the limits of failures here: a failure is stored at every level it passes through. */
export function decodeFailure(failure: TaskFailureDetails, depth = 0): FailureDetails {
  const { innerFailure } = failure;
  return withinLimits({
    errorType: failure.errorType,
    errorMessage: failure.errorMessage,
    ...given({
      stackTrace: failure.stackTrace,
      innerFailure: innerFailure && depth < MAX_CAUSES ? decodeFailure(innerFailure, depth + 1) : undefined,
      isNonRetriable: failure.isNonRetriable ? (true as const) : undefined,
      properties: Object.keys(failure.properties).length > 0 ? decodeFields(failure.properties) : undefined,
    }),
  });
}
