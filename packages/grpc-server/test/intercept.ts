import {
  type Responder,
  ServerInterceptingCall,
  type ServerInterceptor,
  type ServerListener,
} from "@grpc/grpc-js";

/** An interceptor that does this, and lets all else pass. */
export function intercept(responder: Responder, listener: ServerListener = {}): ServerInterceptor {
  return (_method, call) =>
    new ServerInterceptingCall(call, { start: (next) => next(listener), ...responder });
}
