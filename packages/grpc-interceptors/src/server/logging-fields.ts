import { hash } from "node:crypto";
import {
  type CallValues,
  type Identity,
  identityKey,
  requestIdKey,
  traceKey,
} from "@grpc-kit/grpc-context";
import { isServerFault, readErrorDetail, statusCodeInfo } from "@grpc-kit/grpc-status";
import { toMs, toTime } from "../log-line.ts";
import { redactText, toLogText } from "../log-text.ts";
import { type LoggedError, toLoggedError } from "../logged-error.ts";
import type { Method } from "../method.ts";
import type { CallOutcome, InterceptedCall } from "./call-hook.ts";
import type { ObservedCall, ObservedOutcome } from "./call-observer.ts";

/** Of a line in the log. All values are scalars but the error; what is undefined is not written. */
export type LogFields = Record<string, string | number | boolean | LoggedError | undefined>;

const subjectHashes = new WeakMap<Identity, string>();

/** What is the same for all calls of a method. */
export function methodFields({ service, name, kind }: Method): LogFields {
  // The names of https://github.com/grpc-ecosystem/go-grpc-middleware
  return {
    "grpc.component": "server",
    "grpc.service": service,
    "grpc.method": name,
    "grpc.method_type": kind,
  };
}

/** What joins all lines of a call. */
export function idFields({ values }: InterceptedCall): LogFields {
  return { request_id: requestIdOf(values), trace_id: traceIdOf(values) };
}

/** What is known of a call from its start on, beside its method. */
export function callFields(call: InterceptedCall): LogFields {
  return {
    "peer.address": toLogText(call.peer, 64),
    "grpc.request.deadline": toTime(call.deadline),
    ...idFields(call),
  };
}

/** What is known of a call at its end, beside its method and its code. */
export function outcomeFields(call: InterceptedCall, outcome: CallOutcome): LogFields {
  const { values } = call;
  const identity = values.get(identityKey);
  // One literal, since most calls need no more: adding a field costs more than one that is undefined.
  const fields: LogFields = {
    "peer.address": toLogText(call.peer, 64),
    "grpc.request.deadline": toTime(call.deadline),
    request_id: requestIdOf(values),
    trace_id: traceIdOf(values),
    "grpc.time_ms": toMs(outcome.durationMs),
    msgs_in: outcome.messagesReceived,
    msgs_out: outcome.messagesSent,
    bytes_in: outcome.bytesReceived,
    bytes_out: outcome.bytesSent,
    "principal.sub_hash": identity === undefined ? undefined : subjectHash(identity),
  };
  if (outcome.code !== 0) {
    addFailure(fields, outcome);
  }
  return fields;
}

/** What is known of a call that no interceptor has seen. */
export function observedFields(call: ObservedCall, outcome: ObservedOutcome): LogFields {
  const { method, kind, headers } = call;
  const slash = method.lastIndexOf("/");
  const fields: LogFields = {
    "grpc.component": "server",
    "grpc.service": slash < 0 ? method : method.slice(1, slash),
    "grpc.method": method.slice(slash + 1),
    "peer.address": toLogText(call.peer, 64),
    "grpc.code": statusCodeInfo(outcome.code).name,
    "grpc.time_ms": toMs(outcome.durationMs),
  };
  if (kind === undefined) {
    fields["grpc.path"] = toLogText(redactText(headers[":path"]?.split("?")[0] ?? ""), 256);
  } else {
    fields["grpc.method_type"] = kind;
  }
  return fields;
}

function addFailure(fields: LogFields, outcome: CallOutcome): void {
  const { code, details, trailers, error } = outcome;
  fields.cancelled_by = outcome.cancelledBy;
  if (details !== "") {
    fields["grpc.error"] = toLogText(redactText(details));
  }
  const errorId =
    trailers === null ? undefined : readErrorDetail(trailers)?.metadata.get("error_id");
  if (errorId !== undefined) {
    fields.error_id = toLogText(errorId, 64);
  }
  // What made the id has logged the cause beside it.
  if (error !== undefined && errorId === undefined && isServerFault(code)) {
    fields.err = toLoggedError(error, { stack: true });
  }
}

function requestIdOf(values: CallValues): string | undefined {
  const id = values.get(requestIdKey);
  return id === undefined ? undefined : toLogText(id, 128);
}

function traceIdOf(values: CallValues): string | undefined {
  const id = values.get(traceKey)?.traceId;
  return id === undefined ? undefined : toLogText(id, 64);
}

/** Tells callers apart without naming them. */
function subjectHash(identity: Identity): string {
  let digest = subjectHashes.get(identity);
  if (digest === undefined) {
    digest = hash("sha256", identity.subject, "hex").slice(0, 16);
    subjectHashes.set(identity, digest);
  }
  return digest;
}
