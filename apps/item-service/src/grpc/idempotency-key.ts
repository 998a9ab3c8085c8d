import { identityKey, type ServedCall } from "@grpc-kit/grpc-context";
import { ValidationError } from "@grpc-kit/grpc-status/errors";
import type { KeyedCall } from "../application/idempotency.ts";
import { withSignalOf } from "../application/with-signal-of.ts";
import { quote } from "../domain/text.ts";

const NAME = "idempotency-key";
const MAX_LENGTH = 128;

/** The call with its idempotency key, if it came with one. Throws ValidationError if that is none. */
export function readKeyedCall(call: ServedCall): KeyedCall {
  const values = call.metadata.get(NAME);
  if (values.length === 0) {
    return call;
  }
  // HTTP joins several to one like this, and no key has a space.
  const key = values.join(", ");
  if (key.length > MAX_LENGTH || !/^[!-~]+$/.test(key)) {
    const description = `must be one value of 1 to ${MAX_LENGTH} visible ASCII characters, got ${quote(key)}`;
    throw new ValidationError([{ field: NAME, description }]);
  }
  return withSignalOf(call, { idempotencyKey: { caller: callerOf(call), key } });
}

// Two issuers may give the same subject to different callers.
function callerOf(call: ServedCall): string {
  const identity = call.get(identityKey);
  return JSON.stringify([identity?.claims.iss, identity?.subject]);
}
