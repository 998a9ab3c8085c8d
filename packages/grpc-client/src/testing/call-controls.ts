import type { Metadata, status } from "@grpc/grpc-js";
import { StatusError } from "@grpc-kit/grpc-status";

/** A call as its handler's side has seen it. */
export interface RecordedCall {
  /** The name in the service definition: "getItem". */
  readonly method: string;
  /** "/examples.ItemService/GetItem". */
  readonly path: string;
  /** What the caller sent with the call. */
  readonly metadata: Metadata;
  /** What has been read of the requests: one, but for streams of them. */
  readonly requests: readonly unknown[];
  /** How the call ended; undefined while it runs. CANCELLED: the caller went away. */
  readonly code: status | undefined;
  /** What the handler threw; the caller may have been told less. */
  readonly error: unknown;
}

/** What a test sees of the calls that its handlers get, and how it disturbs them. */
export interface CallControls {
  /** All calls so far, in the order of their arrival. */
  readonly calls: readonly RecordedCall[];
  /**
   * Ends the next calls of a method before its handler sees them: with what the error says, or with a
   * code. `times` is how many calls. Default: 1.
   */
  failNext(method: Method, error: status | Error, times?: number): void;
  /** Keeps all further calls of a method waiting before its handler sees them. 0 ends it. */
  delay(method: Method, delayMs: number): void;
}

/** `ItemServiceService.getItem`, or anything else with its path. */
export interface Method {
  readonly path: string;
}

export interface CallRecord extends RecordedCall {
  readonly requests: unknown[];
  code: status | undefined;
  error: unknown;
}

/** What was decided of a call when it arrived. */
export interface Arrival {
  readonly record: CallRecord;
  readonly delayMs: number;
  /** Undefined: the handler is to be asked. */
  readonly failure: Error | undefined;
}

/** Where calls arrive. */
export interface CallDesk {
  readonly controls: CallControls;
  arrive(method: string, path: string, metadata: Metadata): Arrival;
}

export function createCallDesk(): CallDesk {
  const calls: CallRecord[] = [];
  const failures = new Map<string, Error[]>();
  const delaysMs = new Map<string, number>();
  const controls: CallControls = {
    calls,
    failNext({ path }, error, times = 1) {
      checkCount("times", times);
      const failure = error instanceof Error ? error : new StatusError(error, "failed by the test");
      const waiting = failures.get(path) ?? [];
      failures.set(path, [...waiting, ...new Array<Error>(times).fill(failure)]);
    },
    delay({ path }, delayMs) {
      checkCount("delayMs", delayMs);
      delaysMs.set(path, delayMs);
    },
  };
  return {
    controls,
    arrive(method, path, metadata) {
      const record = { method, path, metadata, requests: [], code: undefined, error: undefined };
      calls.push(record);
      return {
        record,
        delayMs: delaysMs.get(path) ?? 0,
        failure: failures.get(path)?.shift(),
      };
    },
  };
}

function checkCount(name: string, value: number): void {
  if (!(Number.isInteger(value) && value >= 0)) {
    throw new RangeError(`${name} must be a whole number, 0 or more, got ${value}`);
  }
}
