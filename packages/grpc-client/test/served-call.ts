import { Metadata, type ServerUnaryCall } from "@grpc/grpc-js";
import { callValues, type ServedCall } from "@grpc-kit/grpc-context";

/** A call as a server would say that it serves it. */
export function servedCall({
  deadline = Number.POSITIVE_INFINITY,
  signal = new AbortController().signal,
}: Partial<Pick<ServedCall, "deadline" | "signal">>): ServedCall {
  const metadata = new Metadata();
  const values = callValues(metadata);
  return {
    path: "/fixtures.FixtureService/Unary",
    metadata,
    deadline,
    signal,
    get: (key) => values.get(key),
    set: (key, value) => values.set(key, value),
  };
}

/** The same for a call of a bare server, whose signal aborts when the call is over. */
export function servedBy<Request, Response>(call: ServerUnaryCall<Request, Response>): ServedCall {
  const abort = new AbortController();
  call.on("cancelled", () => abort.abort());
  return servedCall({ deadline: Number(call.getDeadline()), signal: abort.signal });
}
