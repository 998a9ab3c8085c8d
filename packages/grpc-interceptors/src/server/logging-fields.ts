import { hash } from "node:crypto";
import { type Identity, identityKey, requestIdKey, traceKey } from "@grpc-kit/grpc-context";
import { isServerFault, readErrorDetail, statusCodeInfo } from "@grpc-kit/grpc-status";
import { redactText, toLogText } from "../metadata/log-text.ts";
import type { CallOutcome, InterceptedCall } from "./call-hook.ts";
import type { ObservedCall, ObservedOutcome } from "./call-observer.ts";
import { type LoggedError, toLoggedError } from "./logging-error.ts";
import { toMs, toTime } from "./logging-line.ts";

/** Of a line in the log. All values are scalars but the error. */
export type LogFields = Record<string, string | number | boolean | LoggedError>;

const subjectHashes = new WeakMap<Identity, string>();

/** What joins all lines of a call. */
export function idFields({ values }: InterceptedCall): LogFields {
  const fields: LogFields = {};
  const [requestId, traceId] = [values.get(requestIdKey), values.get(traceKey)?.traceId];
  if (requestId !== undefined) {
    fields.request_id = toLogText(requestId, 128);
  }
  if (traceId !== undefined) {
    fields.trace_id = toLogText(traceId, 64);
  }
  return fields;
}

/** What is known of a call from its start on. */
export function callFields(call: InterceptedCall): LogFields {
  const { method, deadline } = call;
  const startedAgoMs = performance.now() - call.startedAt;
  // The names of https://github.com/grpc-ecosystem/go-grpc-middleware
  const fields: LogFields = {
    protocol: "grpc",
    "grpc.component": "server",
    "grpc.service": method.service,
    "grpc.method": method.name,
    "grpc.method_type": method.kind,
    "grpc.start_time": new Date(Date.now() - startedAgoMs).toISOString(),
    "peer.address": toLogText(call.peer, 64),
  };
  const deadlineTime = toTime(deadline);
  if (deadlineTime !== undefined) {
    fields["grpc.request.deadline"] = deadlineTime;
  }
  return Object.assign(fields, idFields(call));
}

/** What is known of a call at its end. */
export function outcomeFields(call: InterceptedCall, outcome: CallOutcome): LogFields {
  const { code, cancelledBy, bytesReceived, bytesSent } = outcome;
  const fields = callFields(call);
  fields["grpc.code"] = statusCodeInfo(code).name;
  fields["grpc.time_ms"] = toMs(outcome.durationMs);
  fields.msgs_in = outcome.messagesReceived;
  fields.msgs_out = outcome.messagesSent;
  if (bytesReceived !== undefined) {
    fields.bytes_in = bytesReceived;
  }
  if (bytesSent !== undefined) {
    fields.bytes_out = bytesSent;
  }
  const identity = call.values.get(identityKey);
  if (identity !== undefined) {
    fields["principal.sub_hash"] = subjectHash(identity);
  }
  if (cancelledBy !== undefined) {
    fields.cancelled_by = cancelledBy;
  }
  if (code !== 0) {
    addFailure(fields, outcome);
  }
  return fields;
}

/** What is known of a call that no interceptor has seen. */
export function observedFields(call: ObservedCall, outcome: ObservedOutcome): LogFields {
  const { method, kind, headers } = call;
  const slash = method.lastIndexOf("/");
  const fields: LogFields = {
    protocol: "grpc",
    "grpc.component": "server",
    "grpc.service": slash < 0 ? method : method.slice(1, slash),
    "grpc.method": method.slice(slash + 1),
    "grpc.start_time": new Date(Date.now() - outcome.durationMs).toISOString(),
    "peer.address": toLogText(call.peer, 64),
    "grpc.code": statusCodeInfo(outcome.code).name,
    "grpc.time_ms": toMs(outcome.durationMs),
  };
  if (kind === undefined) {
    fields["grpc.path"] = toLogText(redactText(headers[":path"] ?? ""), 256);
  } else {
    fields["grpc.method_type"] = kind;
  }
  return fields;
}

function addFailure(fields: LogFields, { code, details, trailers, error }: CallOutcome): void {
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

/** Tells callers apart without naming them. */
function subjectHash(identity: Identity): string {
  let digest = subjectHashes.get(identity);
  if (digest === undefined) {
    digest = hash("sha256", identity.subject, "hex").slice(0, 16);
    subjectHashes.set(identity, digest);
  }
  return digest;
}
