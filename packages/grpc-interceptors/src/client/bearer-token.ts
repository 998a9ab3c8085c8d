import { isIPv4 } from "node:net";
import {
  type ChannelCredentials,
  credentials as grpcCredentials,
  InterceptingCall,
  type Interceptor,
  status,
} from "@grpc/grpc-js";
import { reportToStderr } from "../report.ts";
import {
  type BearerToken,
  type BearerTokenCache,
  createBearerTokenCache,
} from "./bearer-token-cache.ts";
import { clientInterceptor } from "./client-hook.ts";
import { failLocally } from "./fail-locally.ts";

export type { BearerToken };

/** Where tokens come from, and where they go. */
export interface BearerTokenOptions {
  /** The target of the client that this is for. */
  readonly target: string;
  /** The channel credentials of that client. */
  readonly credentials: ChannelCredentials;
  /** Gets a token. `signal` aborts after `timeoutMs`. Not part of any call that waits for it. */
  getToken(signal: AbortSignal): BearerToken | Promise<BearerToken>;
  /**
   * Sends tokens without TLS to any target: for a process whose sidecar encrypts what leaves the pod, in a
   * mesh. Elsewhere whoever is on the way can read them. Default: false.
   */
  readonly allowPlaintext?: boolean;
  /** How long before a token expires the next one is got; half its life at most. Default: 30_000. */
  readonly refreshBeforeMs?: number;
  /** The most that `getToken` may take. Default: 10_000. */
  readonly timeoutMs?: number;
  /** Takes what `getToken` fails with. Default: writes the error's name to stderr, and no more. */
  onError?(error: unknown): void;
}

/**
 * Sends `authorization: Bearer …` with every call, over TLS or to this machine only. Calls wait for the
 * first token, for as long as their deadlines let them. Throws a TypeError for a client without TLS
 * whose target is not a loopback address, unless that is allowed.
 */
export function bearerToken(options: BearerTokenOptions): Interceptor {
  const { target, credentials, refreshBeforeMs = 30_000, timeoutMs = 10_000 } = options;
  const { onError = reportName } = options;
  const { allowPlaintext = false } = options;
  if (typeof allowPlaintext !== "boolean") {
    throw new TypeError(`allowPlaintext must be true or false, got ${allowPlaintext}`);
  }
  const mayGoAnywhere = allowPlaintext || credentials._isSecure();
  if (!mayGoAnywhere && !isLoopback(target)) {
    throw new TypeError(
      `target must be a loopback address or have TLS, unless allowPlaintext is set, got ${target}`,
    );
  }
  checkDuration("refreshBeforeMs", refreshBeforeMs, 0);
  checkDuration("timeoutMs", timeoutMs, 1);
  const getToken = (signal: AbortSignal): ReturnType<typeof options.getToken> =>
    options.getToken(signal);
  const tokens = createBearerTokenCache({ getToken, refreshBeforeMs, timeoutMs, onError });
  const callCredentials = toCallCredentials(tokens);
  const withToken = clientInterceptor(({ metadata }) => {
    // A call with two goes out, and fails: https://www.rfc-editor.org/rfc/rfc9110#section-11.6.2
    metadata.remove("authorization");
    const number = tokens.number();
    return {
      onEnd({ code }) {
        if (code === status.UNAUTHENTICATED) {
          tokens.drop(number);
        }
      },
    };
  });

  return (callOptions, nextCall) => {
    // The caller of this one call has credentials of its own.
    if (callOptions.credentials !== undefined) {
      return new InterceptingCall(nextCall(callOptions));
    }
    const call = nextCall({ ...callOptions, credentials: callCredentials });
    if (!mayGoAnywhere && !isUnsentOrLocal(call.getPeer())) {
      const details = "a bearer token is not sent without TLS to another target";
      call.cancelWithStatus(status.UNAUTHENTICATED, details);
      return failLocally(status.UNAUTHENTICATED, details);
    }
    return withToken(callOptions, () => call);
  };
}

// grpc-js asks these for metadata when it has a connection. Call, deadline and cancellation are its own
// meanwhile, and no message passes the headers: https://grpc.io/docs/guides/auth/
function toCallCredentials(
  tokens: BearerTokenCache,
): ReturnType<typeof grpcCredentials.createFromMetadataGenerator> {
  return grpcCredentials.createFromMetadataGenerator((_options, callback) => {
    const headers = tokens.headers();
    if (headers instanceof Promise) {
      headers.then((fetched) => callback(null, fetched), callback);
    } else {
      callback(null, headers);
    }
  });
}

/** Of a call that has not begun, grpc-js tells the target; one that failed locally has no peer. */
function isUnsentOrLocal(peer: string): boolean {
  return peer === "" || isLoopback(peer);
}

const schemes = /^(?:dns:(?:\/\/[^/]*\/)?|ipv[46]:)/;

/** Whether all of a target's addresses are on this machine. */
export function isLoopback(target: string): boolean {
  if (target.startsWith("unix:") || target.startsWith("unix-abstract:")) {
    return true;
  }
  return target.replace(schemes, "").split(",").every(isLoopbackAddress);
}

function isLoopbackAddress(address: string): boolean {
  const host = address.replace(/^\[(.*)\](?::\d+)?$/, "$1").replace(/^([^:]*):\d+$/, "$1");
  return host === "localhost" || host === "::1" || (isIPv4(host) && host.startsWith("127."));
}

function checkDuration(name: string, ms: number, least: number): void {
  if (!(ms >= least && ms < 2 ** 31)) {
    throw new RangeError(`${name} must be from ${least} to ${2 ** 31 - 1}, got ${ms}`);
  }
}

function reportName(error: unknown): void {
  const name = error instanceof Error ? error.name : typeof error;
  reportToStderr("bearerToken could not get a token", name);
}
