import type { ServerInterceptor } from "@grpc/grpc-js";
import { identityKey } from "@grpc-kit/grpc-context";
import type { CallHook, InterceptedCall } from "../call-hook.ts";
import { serverInterceptor } from "../server-interceptor.ts";
import { unauthenticated } from "./auth-error.ts";
import { bearerToken } from "./bearer-token.ts";
import { ExpiryCut } from "./expiry-cut.ts";
import type { CallVerifier, TokenVerifier, VerifiedCaller } from "./verified-caller.ts";

export interface AuthOptions {
  /**
   * Finds out who calls. Of several, the first counts whose sort of credentials the call has: if those
   * are bad, no other is asked.
   */
  readonly verifier: TokenVerifier | CallVerifier | readonly (TokenVerifier | CallVerifier)[];
  /** Paths of methods that anybody may call: "/grpc.health.v1.Health/Check". Default: none. */
  readonly excludedMethods?: readonly string[];
  /** Whether a stream is ended when the credentials that opened it expire. Default: true. */
  readonly cutExpiredStreams?: boolean;
  /** Whether handlers see `authorization` in the call's metadata. Default: false. */
  readonly keepToken?: boolean;
}

type Verify = CallVerifier["verifyCall"];

const methodPath = /^\/[A-Za-z_][\w.]*\/[A-Za-z_]\w*$/;

/**
 * Lets in only calls whose caller is known, and keeps who that is as `identityKey` in the call's
 * values. Any other call ends with UNAUTHENTICATED, before a message of it is read. Of streams of all
 * three kinds it also ends those that outlive their credentials; a unary call it leaves to its deadline.
 */
export function auth(options: AuthOptions): ServerInterceptor {
  const { excludedMethods = [], cutExpiredStreams = true, keepToken = false } = options;
  const verifiers = [options.verifier].flat().map(toVerify);
  if (verifiers.length === 0) {
    throw new TypeError("verifier must be one or more, got an empty list");
  }
  const excluded = new Set(excludedMethods.map(checkMethod));

  // Handlers neither log nor forward what they do not see.
  function dropToken({ metadata }: InterceptedCall): void {
    if (!keepToken) {
      metadata.remove("authorization");
    }
  }

  function admit(call: InterceptedCall, caller: VerifiedCaller): CallHook | undefined {
    checkCaller(caller);
    dropToken(call);
    call.values.set(identityKey, caller.identity);
    return cutExpiredStreams && call.method.kind !== "unary"
      ? ExpiryCut.of(call, caller)
      : undefined;
  }

  return serverInterceptor((call) => {
    if (excluded.has(call.method.path)) {
      dropToken(call);
      return undefined;
    }
    const caller = verifyBy(verifiers, call);
    return caller instanceof Promise
      ? caller.then((found) => admit(call, found))
      : admit(call, caller);
  });
}

// A verifier of another make may return anything. Nobody comes in without a name, or for an unknown time.
function checkCaller({
  identity,
  expiresAtMs,
  acceptedUntilMs = expiresAtMs,
}: VerifiedCaller): void {
  if (typeof identity?.subject !== "string" || identity.subject === "") {
    throw unauthenticated("TOKEN_INVALID", new Error("the verifier has named nobody"));
  }
  if (Number.isNaN(Number(acceptedUntilMs)) || Number.isNaN(Number(expiresAtMs))) {
    throw unauthenticated("TOKEN_INVALID", new Error("the verifier does not say for how long"));
  }
  if (acceptedUntilMs <= Date.now()) {
    throw unauthenticated("TOKEN_EXPIRED", new Error("the verifier has let in what has expired"));
  }
}

function verifyBy(
  verifiers: readonly Verify[],
  call: InterceptedCall,
  first = 0,
): VerifiedCaller | Promise<VerifiedCaller> {
  for (let index = first; index < verifiers.length; index += 1) {
    const caller = verifiers[index]?.(call);
    if (caller instanceof Promise) {
      return caller.then((found) => found ?? verifyBy(verifiers, call, index + 1));
    }
    if (caller !== undefined) {
      return caller;
    }
  }
  throw unauthenticated("TOKEN_MISSING");
}

function toVerify(verifier: TokenVerifier | CallVerifier): Verify {
  if ("verifyCall" in verifier) {
    return (call) => verifier.verifyCall(call);
  }
  return ({ metadata }) => {
    const token = bearerToken(metadata);
    return token === undefined ? undefined : verifier.verify(token);
  };
}

function checkMethod(path: string): string {
  if (!methodPath.test(path)) {
    throw new RangeError(
      `excludedMethods must be paths like "/grpc.health.v1.Health/Check", got ${JSON.stringify(path)}`,
    );
  }
  return path;
}
