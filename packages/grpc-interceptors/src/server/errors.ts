import { type Metadata, type ServerInterceptor, status } from "@grpc/grpc-js";
import { traceKey } from "@grpc-kit/grpc-context";
import {
  type ErrorToStatus,
  errorToStatus,
  StatusError,
  toSafeStatus,
  type WireStatus,
} from "@grpc-kit/grpc-status";
import { reportToStderr } from "../report.ts";
import { refusePromise } from "../thenable.ts";
import type { CallHook, CallStatus, InterceptedCall } from "./call-hook.ts";
import { type HiddenFailure, logHiddenFailure } from "./hidden-failure.ts";
import { serverInterceptor } from "./server-interceptor.ts";

export interface ErrorsOptions {
  /** Says what a caller is told of whatever was thrown. Default: that of grpc-status. */
  readonly errorToStatus?: ErrorToStatus;
  /** Takes each failure that is hidden from its caller. Must not throw. Default: `logHiddenFailure`. */
  readonly onHidden?: (failure: HiddenFailure) => void;
}

/**
 * Gives all failures one shape: a safe text, and details for programs with an error id where the cause
 * is hidden. What is thrown further inside becomes a status here, so that everything outside sees it.
 * For all kinds of call alike.
 *
 * Of an error that a handler passes to grpc-js, only what grpc-js makes of it is left: code and text.
 * UNKNOWN, INTERNAL and DATA_LOSS are taken for accidents, and their text is hidden; other codes are
 * taken to be meant. Statuses that have details already keep them.
 */
export function errors(options: ErrorsOptions = {}): ServerInterceptor {
  const { errorToStatus: toStatus = errorToStatus, onHidden = logHiddenFailure } = options;
  return serverInterceptor((call) => new UniformErrors(call, toStatus, onHidden));
}

class UniformErrors implements CallHook {
  readonly #call: InterceptedCall;
  readonly #errorToStatus: ErrorToStatus;
  readonly #onHidden: (failure: HiddenFailure) => void;
  #isAnswered = false;

  constructor(
    call: InterceptedCall,
    errorToStatus: ErrorToStatus,
    onHidden: (failure: HiddenFailure) => void,
  ) {
    this.#call = call;
    this.#errorToStatus = errorToStatus;
    this.#onHidden = onHidden;
  }

  onSendMessage(): void {
    this.#isAnswered = true;
  }

  onFailure(error: unknown): WireStatus {
    return this.#toStatus(error);
  }

  onSendStatus(sent: CallStatus): CallStatus {
    const { code, details, metadata } = sent;
    if (code === status.OK && this.#lacksAnswer()) {
      return this.#uniform(new Error("the handler sent no message"));
    }
    if (code === status.OK && details === "" && metadata === null) {
      return sent;
    }
    if (code === status.OK || hasDetails(metadata)) {
      // A text that cannot be encoded, or metadata that cannot be sent, would end the process.
      const safe = toSafeStatus(code, details, metadata);
      return { code, details: safe.details, metadata: safe.metadata ?? null };
    }
    const isMeant = status[code] !== undefined && !accidents.includes(code);
    const error = isMeant ? new StatusError(code, details) : new Error(details);
    return this.#uniform(error, metadata);
  }

  // https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md: OK means exactly one message. An
  // error of code 0 that a handler passes to grpc-js comes out like this.
  #lacksAnswer(): boolean {
    const { kind } = this.#call.method;
    return !this.#isAnswered && (kind === "unary" || kind === "client_stream");
  }

  #uniform(error: unknown, trailers?: Metadata | null): CallStatus {
    const { code, details, metadata = null } = this.#toStatus(error, trailers);
    return { code, details, metadata };
  }

  #toStatus(error: unknown, trailers?: Metadata | null): WireStatus {
    const { metadata, method, values } = this.#call;
    const context = {
      trailers: trailers ?? undefined,
      domain: method.service,
      traceId: values.get(traceKey)?.traceId,
      acceptLanguage: metadata.get("accept-language")[0]?.toString(),
    };
    const answer =
      attempt(() => this.#errorToStatus(error, context)) ?? errorToStatus(error, context);
    const { errorId } = answer;
    if (errorId !== undefined) {
      attempt(() =>
        refusePromise("onHidden", this.#onHidden({ error, errorId, call: this.#call })),
      );
    }
    return answer;
  }
}

// UNAVAILABLE, DEADLINE_EXCEEDED and UNIMPLEMENTED are answers; the other faults are accidents.
const accidents: readonly status[] = [status.UNKNOWN, status.INTERNAL, status.DATA_LOSS];

function hasDetails(metadata: Metadata | null): boolean {
  return metadata !== null && metadata.get("grpc-status-details-bin").length > 0;
}

// A call must end whose failure cannot be told.
function attempt<Result>(work: () => Result): Result | undefined {
  try {
    return work();
  } catch (error) {
    reportToStderr("errors: errorToStatus or onHidden has thrown", error);
    return undefined;
  }
}
