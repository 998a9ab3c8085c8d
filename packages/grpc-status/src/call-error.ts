import { Metadata, type ServiceError, status } from "@grpc/grpc-js";
import type { ErrorDetail } from "@grpc-kit/generated-protos/common/errors";
import { attempt } from "./attempt.ts";
import type { ErrorDetails } from "./error-details.ts";
import { hasBrand } from "./has-brand.ts";
import { retryDelayMs } from "./retry-delay.ts";
import { retryPushbackMs } from "./retry-pushback.ts";
import { statusCodeInfo } from "./status-codes.ts";
import { readErrorDetail, readErrorDetails } from "./status-details.ts";
import { isErrorCode } from "./status-error.ts";

const brand = Symbol.for("grpc-kit.GrpcCallError");

export interface CallErrorOptions extends ErrorOptions {
  /** Whether the client decided it, without a word from the server. Default: false. */
  readonly local?: boolean;
  /** How often the call was sent. Default: undefined, not known. */
  readonly attempts?: number | undefined;
  /** The full name of the method: "/examples.ItemService/GetItem". Default: undefined, not known. */
  readonly path?: string | undefined;
}

/**
 * A call that failed, as its caller sees it: what grpc-js says, and what the server added for
 * programs. A handler that lets it pass does not send it on as an error of its own.
 */
export class GrpcCallError extends Error {
  override readonly name = "GrpcCallError";
  /** A number that gRPC does not know is UNKNOWN; `cause` has it. */
  readonly code: status;
  /** The server's text for people. */
  readonly details: string;
  /** The trailers. */
  readonly metadata: Metadata;
  /** What the server said for programs. */
  readonly errorDetails: ErrorDetails;
  /** The trailer `error-detail-bin`, if the server sent one that can be read. */
  readonly errorDetail: ErrorDetail | undefined;
  /**
   * Whether the same call may succeed if it is sent again, provided that its method is idempotent:
   * UNAVAILABLE, or RESOURCE_EXHAUSTED with a delay, unless the server asks for no other try.
   */
  readonly retryable: boolean;
  /** How long the server asks to wait before another try. Undefined: it does not say. */
  readonly retryDelayMs: number | undefined;
  /** Whether the client decided it, without a word from the server: the call may not have been sent. */
  readonly local: boolean;
  /** How often the call was sent: 0 if it never was. Undefined: not known. */
  readonly attempts: number | undefined;
  /** The full name of the method. Undefined: not known. */
  readonly path: string | undefined;

  constructor(
    error: Pick<ServiceError, "code" | "details" | "metadata">,
    options: CallErrorOptions = { cause: error },
  ) {
    const code = isErrorCode(error.code) ? error.code : status.UNKNOWN;
    // An option that is there counts, even as undefined.
    super(`${statusCodeInfo(code).name}: ${error.details}`, causeOf(options));
    Object.defineProperty(this, brand, { value: true });
    this.local = options.local ?? false;
    this.attempts = options.attempts;
    this.path = options.path;
    this.code = code;
    this.details = error.details;
    this.metadata = error.metadata;
    this.errorDetails = readErrorDetails(error.metadata);
    this.errorDetail = readErrorDetail(error.metadata);
    const pushbackMs = retryPushbackMs(error.metadata);
    const delayMs = pushbackMs ?? retryDelayMs(this.errorDetails);
    const isRefused = delayMs === Number.POSITIVE_INFINITY;
    this.retryDelayMs = isRefused ? undefined : delayMs;
    this.retryable =
      !isRefused &&
      (statusCodeInfo(code).isRetryable ||
        (code === status.RESOURCE_EXHAUSTED && delayMs !== undefined));
  }

  /** What programs tell the error by: "SKU_TAKEN". Undefined: the server does not say. */
  get reason(): string | undefined {
    return this.errorDetails.errorInfo?.reason;
  }

  /** Whose reason it is: the name of the service that failed. */
  get domain(): string | undefined {
    return this.errorDetails.errorInfo?.domain;
  }

  /** What the server's log has this failure under. */
  get errorId(): string | undefined {
    return this.errorDetails.errorInfo?.metadata.get("errorId");
  }
}

function causeOf({ cause }: CallErrorOptions): ErrorOptions | undefined {
  return cause === undefined ? undefined : { cause };
}

/** Whether `value` is a GrpcCallError, from this copy of the package or another. */
export function isGrpcCallError(value: unknown): value is GrpcCallError {
  return hasBrand(value, brand);
}

/**
 * The error of a failed call of grpc-js as a GrpcCallError. Any other value, which says nothing of a
 * call, is UNKNOWN with the value as its cause. Never throws.
 */
export function toCallError(error: unknown): GrpcCallError {
  if (isGrpcCallError(error)) {
    return error;
  }
  if (isServiceError(error)) {
    return new GrpcCallError(error);
  }
  const unknown = {
    code: status.UNKNOWN,
    details: "not the error of a call",
    metadata: new Metadata(),
  };
  return new GrpcCallError(unknown, { cause: error });
}

/** Whether `value` is the error of a call that grpc-js has made. A `code` alone does not make it one. */
export function isServiceError(value: unknown): value is ServiceError {
  const isOne = attempt(() => {
    const { code, details, metadata } = value as Partial<ServiceError>;
    return (
      value instanceof Error &&
      typeof code === "number" &&
      typeof details === "string" &&
      metadata instanceof Metadata
    );
  });
  return isOne === true;
}
