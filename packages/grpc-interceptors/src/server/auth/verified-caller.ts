import type { Identity } from "@grpc-kit/grpc-context";
import type { InterceptedCall } from "../call-hook.ts";

/** Who makes a call, as credentials prove, and for how long they do. */
export interface VerifiedCaller {
  readonly identity: Identity;
  /** When the credentials expire, in epoch milliseconds; Infinity: never. */
  readonly expiresAtMs: number;
  /** Until when they still open a call: expiry, and what clocks may differ by. Default: `expiresAtMs`. */
  readonly acceptedUntilMs?: number;
}

/** Finds out whose a bearer token is. Throws, or rejects with, what refuses the call. */
export interface TokenVerifier {
  verify(token: string): VerifiedCaller | Promise<VerifiedCaller>;
}

/**
 * Finds out who makes a call by other credentials than a bearer token. Undefined: the call has none of
 * this sort. Throws, or rejects with, what refuses the call.
 */
export interface CallVerifier {
  verifyCall(
    call: InterceptedCall,
  ): VerifiedCaller | undefined | Promise<VerifiedCaller | undefined>;
}
