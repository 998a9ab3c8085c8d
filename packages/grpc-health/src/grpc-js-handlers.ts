import type { ServerUnaryCall, ServerWritableStream, sendUnaryData } from "@grpc/grpc-js";
import type {
  HealthCheckRequest,
  HealthCheckResponse,
} from "@grpc-kit/generated-protos/grpc/health/v1";
import { errorToStatus } from "@grpc-kit/grpc-status";
import type { HealthHandlers } from "./health-handlers.ts";

/** A handler for a bare grpc-js server. */
export function toUnary<Request, Response>(
  handler: (request: Request) => Response,
  domain: string,
): (call: ServerUnaryCall<Request, Response>, callback: sendUnaryData<Response>) => void {
  return ({ request }, callback) => {
    let response: Response;
    try {
      response = handler(request);
    } catch (error) {
      callback(errorToStatus(error, { domain }));
      return;
    }
    callback(null, response);
  };
}

/** A handler for a bare grpc-js server. One message is under way at a time; the next is the latest. */
export function toServerStream(
  watch: HealthHandlers["watch"],
  domain: string,
): (call: ServerWritableStream<HealthCheckRequest, HealthCheckResponse>) => Promise<void> {
  return async (call) => {
    const controller = new AbortController();
    let proceed = (): void => {};
    // grpc-js calls back no write of a call that has ended, and closes its stream however it ended.
    call.once("close", () => {
      controller.abort();
      proceed();
    });
    try {
      for await (const message of watch(call.request, controller)) {
        await new Promise<void>((resolve) => {
          proceed = resolve;
          call.write(message, () => resolve());
        });
      }
      call.end();
    } catch (error) {
      call.emit("error", errorToStatus(error, { domain }));
    }
  };
}
