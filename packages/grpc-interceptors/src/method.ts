import type { ServiceDefinition } from "@grpc/grpc-js";

/** As `grpc_type` has it in Prometheus. */
export type CallKind = "unary" | "client_stream" | "server_stream" | "bidi_stream";

/** What a call is to. */
export interface Method {
  /** "/examples.ItemService/GetItem" */
  readonly path: string;
  /** "examples.ItemService" */
  readonly service: string;
  /** "GetItem" */
  readonly name: string;
  readonly kind: CallKind;
}

type MethodShape = Pick<ServiceDefinition[string], "path" | "requestStream" | "responseStream">;

export function toMethod({ path, requestStream, responseStream }: MethodShape): Method {
  const slash = path.lastIndexOf("/");
  return {
    path,
    service: path.slice(1, slash),
    name: path.slice(slash + 1),
    kind: kindOf(requestStream, responseStream),
  };
}

function kindOf(requestStream: boolean, responseStream: boolean): CallKind {
  if (requestStream) {
    return responseStream ? "bidi_stream" : "client_stream";
  }
  return responseStream ? "server_stream" : "unary";
}
